import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { identify, runs, stopIdentified } from './process-identity.mjs';

const sleeper = (script = ''): ReturnType<typeof spawn> => {
  const child = spawn(process.execPath, ['-e', `${script}; console.log('up'); setInterval(() => {}, 1 << 30)`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
};

test('a process is known by its identity until it has ended', async () => {
  const child = sleeper();
  const identity = identify(child.pid ?? 0) ?? '';
  expect(runs(identity)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(runs(identity)).toBe(false);
});

test('a pid that now belongs to another process is left alone', async () => {
  const child = sleeper();
  await stopIdentified(`${child.pid}:1`, 'SIGKILL');
  expect(runs(identify(child.pid ?? 0) ?? '')).toBe(true);
});

test('what is no process is no process', () => {
  expect(identify(2 ** 30)).toBeUndefined();
  expect(runs('')).toBe(false);
  expect(runs('0:0')).toBe(false);
});

test('stopping returns when the process is gone', async () => {
  const child = sleeper();
  if (child.stdout) await once(child.stdout, 'data');
  const identity = identify(child.pid ?? 0) ?? '';
  await stopIdentified(identity, 'SIGTERM');
  expect(runs(identity)).toBe(false);
});
