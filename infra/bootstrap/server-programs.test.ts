import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { howToBring, locate } from './server-programs.mjs';

function folderWith(name: string, mode = 0o755): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-programs-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(path.join(folder, name), '', { mode });
  return folder;
}

test('the override wins, and is never replaced by something else', () => {
  const PATH = folderWith('nats-server');
  const own = path.join(folderWith('mine'), 'mine');
  expect(locate('nats-server', { PATH, ORGO_NATS_SERVER: own })?.file).toBe(own);
  expect(locate('nats-server', { PATH, ORGO_NATS_SERVER: '/nowhere' })).toBeUndefined();
});

test('PATH is looked through in order, for what can be run', () => {
  const [first, second] = [folderWith('nats-server', 0o644), folderWith('nats-server')];
  expect(locate('nats-server', { PATH: `${first}:${second}` })?.file).toBe(path.join(second, 'nats-server'));
});

test('PATH can be left out', () => {
  const PATH = folderWith('nats-server');
  const found = locate('nats-server', { PATH, ORGO_IGNORE_PATH_SERVERS: '1' });
  expect(found?.file.startsWith(PATH)).not.toBe(true);
});

test('the message for an empty machine names every way out', () => {
  const message = howToBring(['nats-server', 'redis-server']);
  for (const way of [
    'brew install nats-server redis',
    'apt-get install',
    'NATS_URL and REDIS_URL',
    'ORGO_NATS_SERVER',
  ]) {
    expect(message).toContain(way);
  }
});
