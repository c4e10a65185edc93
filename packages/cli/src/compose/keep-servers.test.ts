import fs from 'node:fs';
import path from 'node:path';
import { testFolder } from '@orgo/infra/test-servers';
import { expect, test } from 'vitest';
import { keepServers } from './keep-servers.ts';

const urls = { DATABASE_URL: 'p', NATS_URL: 'n', REDIS_URL: 'r' };
const pace = { firstPauseMs: 1, longestPauseMs: 2 };

test('a server that does not start again is tried until it does', async () => {
  const home = testFolder('orgo-keep-');
  const said: string[] = [];
  const back = Promise.withResolvers<void>();
  let tries = 0;
  const keeper = keepServers(home, (line) => said.push(line), pace);
  // It may end before the others are there.
  keeper.lost('nats');
  const restart = async (): Promise<void> => {
    if (++tries < 4) throw new Error('no port');
    back.resolve();
  };
  keeper.of({ restart, urls, pids: { nats: 7 }, paths: { home, logs: '/logs' } });
  await back.promise;
  await keeper.stop();
  expect(said[0]).toBe('nats ended unexpectedly; starting it again');
  expect(said.slice(1)).toEqual(Array(3).fill('nats does not start again: no port; see /logs'));
  expect(JSON.parse(fs.readFileSync(path.join(home, 'run/servers.json'), 'utf8'))).toEqual({
    ...urls,
    pids: { nats: 7 },
  });
  fs.rmSync(home, { recursive: true });
});

test('stopping waits for the start that runs, and no other follows it', async () => {
  const started = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<void>();
  let tries = 0;
  const keeper = keepServers('/nowhere', () => undefined, pace);
  const restart = async (): Promise<void> => {
    tries++;
    started.resolve();
    await ending.promise;
    throw new Error('no port');
  };
  keeper.of({ restart, urls, pids: {}, paths: { home: '', logs: '' } });
  keeper.lost('redis');
  await started.promise;
  const stopped = keeper.stop();
  ending.resolve();
  await stopped;
  expect(tries).toBe(1);
});
