import fs from 'node:fs';
import path from 'node:path';
import { identify } from '@orgo/infra/process-identity';
import { startServers } from '@orgo/infra/servers';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { embedded, emptyHome, isFree } from './bootstrap-homes.ts';

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};

const start: typeof startServers = async (options) => {
  const servers = await startServers({ env: embedded, ...options });
  onTestFinished(() => servers.stop());
  return servers;
};

test('a server that cannot start leaves none behind, and the home can be used again', async () => {
  const home = emptyHome();
  const broken = path.join(home, 'broken-redis');
  fs.writeFileSync(broken, '#!/bin/sh\necho no redis today\nexit 1\n', { mode: 0o755 });

  await expect(startServers({ home, env: { ...embedded, ORGO_REDIS_SERVER: broken } })).rejects.toMatchObject({
    code: 'SERVER_UNAVAILABLE',
    message: expect.stringContaining('no redis today'),
  });
  const { ports } = JSON.parse(fs.readFileSync(path.join(home, 'servers/instance.json'), 'utf8'));
  expect(await Promise.all([ports.postgres, ports.nats, ports.redis].map(isFree))).toEqual([true, true, true]);
  const servers = await start({ home });
  expect(new URL(servers.urls.NATS_URL).port).toBe(String(ports.nats));
});

test('a missing program is named with what brings it', async () => {
  const env = { ...embedded, ORGO_NATS_SERVER: '/nowhere/nats-server' };
  await expect(startServers({ home: emptyHome(), need: ['nats'], env })).rejects.toMatchObject({
    code: 'SERVER_PROGRAM_MISSING',
    message: expect.stringContaining('apt-get install nats-server'),
  });
});

test('two instances run side by side, each with its own addresses and passwords', async () => {
  const need = ['nats', 'redis'] as const;
  const [one, two] = await Promise.all([start({ home: emptyHome(), need }), start({ home: emptyHome(), need })]);
  const urls = [one, two].flatMap(({ urls }) => [new URL(urls.NATS_URL), new URL(urls.REDIS_URL)]);
  expect(new Set(urls.map(({ port }) => port)).size).toBe(4);
  expect(new Set(urls.map(({ password }) => password)).size).toBe(4);
});

test('a database survives kill -9, a stop and a start, at the same address', async () => {
  const home = emptyHome();
  const before = await start({ home, need: ['postgres'] });
  const { postgres } = before.pids;
  const url = before.urls.DATABASE_URL;
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS n');
  await before.kill('postgres');
  await expect(query(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await before.restart('postgres');
  expect(before.pids.postgres).not.toBe(postgres);
  expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  await before.stop();
  const after = await start({ home, need: ['postgres'] });
  expect(after.urls).toEqual(before.urls);
  expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  const crossed = new URL(url);
  crossed.password = 'a password of another home';
  await expect(query(crossed.toString(), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
});

test('a port that another program took meanwhile is replaced', async () => {
  const home = emptyHome();
  const before = await start({ home, need: ['redis'] });
  await before.stop();
  const elsewhere = emptyHome();
  fs.mkdirSync(path.join(elsewhere, 'servers'));
  const other = await start({ home, need: ['redis'] });
  fs.copyFileSync(path.join(home, 'servers/instance.json'), path.join(elsewhere, 'servers/instance.json'));
  const state = JSON.parse(fs.readFileSync(path.join(elsewhere, 'servers/instance.json'), 'utf8'));
  fs.writeFileSync(path.join(elsewhere, 'servers/instance.json'), JSON.stringify({ ...state, running: [] }));
  const moved = await start({ home: elsewhere, need: ['redis'] });
  expect(new URL(moved.urls.REDIS_URL).port).not.toBe(new URL(other.urls.REDIS_URL).port);
});

test('a home is held by one process at a time', async () => {
  const home = emptyHome();
  const held = await start({ home, need: ['redis'] });
  await expect(startServers({ home, need: ['redis'], env: embedded })).rejects.toMatchObject({
    code: 'HOME_LOCKED',
    message: expect.stringContaining(String(process.pid)),
  });
  await held.stop();
  await start({ home, need: ['redis'] });
});

test('a lock whose holder died is taken over, also when its pid runs something else now', async () => {
  const home = emptyHome();
  fs.mkdirSync(path.join(home, 'lock'));
  fs.writeFileSync(path.join(home, 'lock/1'), `${process.pid}:1`);
  expect(identify(process.pid)).not.toBe(`${process.pid}:1`);
  await start({ home, need: ['redis'] });
});

test('a server can be restarted with its data wiped', async () => {
  const ended: string[] = [];
  const servers = await start({ home: emptyHome(), need: ['redis'], onUnexpectedEnd: (name) => ended.push(name) });
  const redis = new Redis(servers.urls.REDIS_URL);
  onTestFinished(() => redis.disconnect());
  await redis.set('kept', '7');
  await servers.restart('redis');
  expect(await redis.get('kept')).toBe('7');
  await servers.restart('redis', { signal: 'SIGKILL', wipe: true });
  expect(await redis.get('kept')).toBeNull();
  expect(ended).toEqual([]);
});

test('a server that ends by itself is reported', async () => {
  const ended = Promise.withResolvers<string>();
  const servers = await start({ home: emptyHome(), need: ['redis'], onUnexpectedEnd: ended.resolve });
  process.kill(servers.pids.redis ?? 0, 'SIGKILL');
  expect(await ended.promise).toBe('redis');
});

test('a given URL replaces its server', async () => {
  const env = { ...embedded, NATS_URL: 'nats://elsewhere:4222' };
  const servers = await start({ home: emptyHome(), need: ['nats', 'redis'], env });
  expect(servers.urls.NATS_URL).toBe('nats://elsewhere:4222');
  expect(Object.keys(servers.pids).sort()).toEqual(['guard', 'redis']);
});
