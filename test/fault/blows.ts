import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Held, Holds } from '../kit/holds.ts';
import type { RollbackPart, RollbackRing } from '../kit/rollback-ring.ts';

/**
 * Who is killed, while transactions of the release service stand still before their commit; `postgres behind the commit`: when they are committed and the service has
 * not heard it. NATS and Redis have no part in each other's work: where time is short one blow takes both.
 */
export const victims = [
  'postgres',
  'postgres behind the commit',
  'nats',
  'redis',
  'nats and redis',
  'release',
  'gatekeeper',
  'audit',
] as const;
export type Victim = (typeof victims)[number];

/** Whether a process runs; one that has ended and that nobody asked about yet does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) [ZX]/s.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** Of those that were seen to stand still, the ones that do now. */
const still = async (holds: Holds, seen: readonly Held[]): Promise<Held[]> =>
  (await holds.look()).filter(({ pid }) => seen.some((one) => one.pid === pid));

const namesOf = (held: readonly Held[]): string[] => held.flatMap(({ names }) => names);

/** PostgreSQL and every process of it, by SIGKILL. It comes back on the same data. */
async function killPostgres({ instance: { servers }, admin }: RollbackRing): Promise<void> {
  const { rows } = await admin.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  await servers.kill('postgres');
  for (const { pid } of rows) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  while (rows.some(({ pid }) => isAlive(pid))) await pause(5);
}

/** Stopped, a transaction can no more end: what shows then is in the transition when the server goes. */
const freeze = (held: readonly Held[]): void => {
  for (const { pid } of held) if (isAlive(pid)) process.kill(pid, 'SIGSTOP');
};

type Blow = (ring: RollbackRing, holds: Holds, seen: readonly Held[]) => Promise<Held[]>;

const beforeTheCommit: Blow = async (ring, holds, seen) => {
  freeze(seen);
  const hit = await still(holds, seen);
  await killPostgres(ring);
  await ring.instance.servers.restart('postgres');
  return hit;
};

/**
 * Told that a copy of the database has to have every commit, and there is none, the server makes each commit durable here and then waits with its answer for ever:
 * whoever waits so has committed, and nobody knows.
 */
const behindTheCommit: Blow = async (ring, holds, seen) => {
  const { admin, instance } = ring;
  const waiting = async (pids: readonly number[]): Promise<number[]> =>
    (
      await admin.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = ANY($1)`,
        [pids],
      )
    ).rows.map(({ pid }) => pid);
  await admin.query(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`);
  await admin.query('SELECT pg_reload_conf()');
  await holds.commitsWait();
  const held = await still(holds, seen);
  await holds.drop(namesOf(held));
  const pids = held.map(({ pid }) => pid);
  while ((await waiting(pids)).length < pids.length) await pause(5);
  freeze(held);
  const committed = await waiting(pids);
  await killPostgres(ring);
  fs.writeFileSync(path.join(instance.home, 'servers/postgres/postgresql.auto.conf'), '');
  await instance.servers.restart('postgres');
  return held.filter(({ pid }) => committed.includes(pid));
};

/** Servers that are away while the transactions commit and what they say is sent, and come back with nothing that they knew. */
const wiped =
  (...names: ('nats' | 'redis')[]): Blow =>
  async ({ instance: { servers } }, holds, seen) => {
    await Promise.all(names.map((name) => servers.kill(name)));
    const hit = await still(holds, seen);
    await holds.drop(namesOf(hit));
    await holds.gone(hit);
    await Promise.all(names.map((name) => servers.restart(name, { wipe: true })));
    return hit;
  };

async function killPart(ring: RollbackRing, name: RollbackPart): Promise<void> {
  const before = ring.part(name);
  await before.end('SIGKILL');
  if ((await before.ended).signal !== 'SIGKILL') throw new Error(`${name} had ended by itself`);
}

/** The release service itself: another one is in its place before its transactions are let go. */
const releaseGone: Blow = async (ring, holds, seen) => {
  await killPart(ring, 'release');
  const hit = await still(holds, seen);
  await ring.run('release');
  return hit;
};

/** One of the others, away while the transactions commit. */
const away =
  (name: 'gatekeeper' | 'audit'): Blow =>
  async (ring, holds, seen) => {
    await killPart(ring, name);
    const hit = await still(holds, seen);
    await holds.drop(namesOf(hit));
    await holds.gone(hit);
    await ring.run(name);
    return hit;
  };

const blows: Record<Victim, Blow> = {
  postgres: beforeTheCommit,
  'postgres behind the commit': behindTheCommit,
  nats: wiped('nats'),
  redis: wiped('redis'),
  'nats and redis': wiped('nats', 'redis'),
  release: releaseGone,
  gatekeeper: away('gatekeeper'),
  audit: away('audit'),
};

/** Kills somebody while transactions stand still; answers those that did when it was gone. Nobody waits at them any more behind it. */
export async function strike(ring: RollbackRing, holds: Holds, seen: readonly Held[], victim: Victim): Promise<Held[]> {
  const { pids } = ring.instance.servers;
  const before = { ...pids };
  const hit = await blows[victim](ring, holds, seen);
  for (const name of ['postgres', 'nats', 'redis'] as const)
    if (victim.includes(name) && isAlive(before[name] as number)) throw new Error(`${name} lives`);
  await holds.drop(namesOf(hit));
  return hit;
}
