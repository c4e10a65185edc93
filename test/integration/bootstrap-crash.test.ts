import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { identify, runs } from '@orgo/infra/process-identity';
import { type ServerName, startServers } from '@orgo/infra/servers';
import { expect, onTestFinished, test } from 'vitest';
import { embedded, emptyHome } from './bootstrap-homes.ts';

const parent = path.join(import.meta.dirname, 'bootstrap-parent.fixture.ts');
const launcher = path.join(import.meta.dirname, 'bootstrap-launcher.fixture.mjs');

const ALL = ['postgres', 'nats', 'redis'] as const;

interface Said {
  readonly pid: number;
  readonly pids: Record<string, number>;
  readonly urls: Record<string, string>;
}

/** Runs a program that ends up in the parent fixture, and waits until its servers are up. */
async function running(
  command: string,
  args: string[],
): Promise<{ child: ChildProcess; said: Said; identities: string[] }> {
  const child = spawn(command, args, { env: embedded, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const said = await new Promise<Said>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) resolve(JSON.parse(text));
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  const pids = [said.pid, ...Object.values(said.pids)];
  const identities = pids.map((pid) => identify(pid) ?? '');
  expect(identities).not.toContain('');
  return { child, said, identities };
}

/** The kernel tells nobody about the end of another's child: look until they are gone. */
async function gone(identities: string[]): Promise<void> {
  while (identities.some(runs)) await pause(10);
}

async function startsAgain(home: string, said: Said, need: readonly ServerName[] = ['redis']): Promise<void> {
  const again = await startServers({ home, need, env: embedded });
  onTestFinished(() => again.stop());
  expect(again.urls).toEqual(said.urls);
}

test('kill -9 of the process that started the servers leaves nothing running, and the next start works', async () => {
  const home = emptyHome();
  const { child, said, identities } = await running(process.execPath, [parent, home, ...ALL]);
  child.kill('SIGKILL');
  await gone(identities);
  await startsAgain(home, said, ALL);
});

test('the next start does not have to wait: it stops what is left', async () => {
  const home = emptyHome();
  const { child, said } = await running(process.execPath, [parent, home, 'redis']);
  process.kill(said.pids.guard ?? 0, 'SIGKILL');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  await startsAgain(home, said);
});

test('kill -9 of what handed over to it leaves nothing running', async () => {
  const home = emptyHome();
  const { child, said, identities } = await running(process.execPath, [launcher, parent, home, 'redis']);
  child.kill('SIGKILL');
  await gone(identities);
  await startsAgain(home, said);
});

test('kill -9 of the shell or npm above that leaves nothing running', async () => {
  const home = emptyHome();
  const line = [process.execPath, launcher, parent, home, 'redis'].map((word) => `'${word}'`).join(' ');
  const { child, said, identities } = await running('/bin/sh', ['-c', `${line}; true`]);
  child.kill('SIGKILL');
  await gone(identities);
  await startsAgain(home, said);
});

test('SIGTERM to the launcher stops everything in order and passes the exit code on', async () => {
  const { child, identities } = await running(process.execPath, [launcher, parent, emptyHome(), 'redis']);
  const code = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  expect(await code).toBe(0);
  await gone(identities);
});
