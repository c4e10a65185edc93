import fs from 'node:fs';
import path from 'node:path';
import { placesIn, startNode } from '@orgo/konnaxion-node';
import { packManifestPath } from '@orgo/kristal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProcess } from '../kit/processes.ts';
import { channel, type NodeInstance, startNodeInstance, tenant } from './konnaxion-node-instance.ts';
import { packIdOf, readerPack, type TestPack } from './konnaxion-node-packs.ts';
import { type KillPoint, killLine } from './konnaxion-node-process.ts';

// A node's process is killed in the middle of its work, at every place where its disk changes. What it finds when it starts again is the
// state before or the state after, with a pack that serves; and it ends where it would have ended.
const script = new URL('./konnaxion-node-process.ts', import.meta.url);
let node: NodeInstance;
let old: TestPack;
let next: TestPack;
let runs = 0;

beforeAll(async () => {
  [old, next] = await Promise.all([readerPack(1), readerPack(0)]);
  node = await startNodeInstance();
  await node.join();
  await node.publish(old);
  await node.look();
  await node.publish(next);
});
afterAll(() => node.stop());

/** Runs a process to its kill, and proves that it came to it. */
async function killed(point: KillPoint, env: Record<string, string>): Promise<void> {
  const child = runProcess(script, { TEST_KILL_AT: JSON.stringify(point), ...env });
  expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' });
  expect(child.lines).toEqual([killLine(point)]);
}

const filesIn = (dir: string): string[] => fs.readdirSync(dir, { recursive: true }).map(String).sort();
const at = (
  when: KillPoint['when'],
  operation: KillPoint['operation'],
  suffix: string | (() => string),
  nth = 1,
): [string, () => KillPoint] => {
  const name = typeof suffix === 'string' ? suffix : `the ${suffix.name}`;
  return [
    `${when} ${operation} ${name}${nth > 1 ? `, time ${nth}` : ''}`,
    () => ({ when, operation, path: typeof suffix === 'string' ? suffix : suffix(), nth }),
  ];
};
const pack = (): string => `packs/${packIdOf(next)}`;
const part = (): string => `packs/.part-${packIdOf(next)}`;

describe('a node that activates the next release, killed', () => {
  test.each([
    at('before', 'rm', 'tuf/work'),
    at('after', 'rm', 'tuf/work'),
    at('before', 'copyFile', 'work/root.json'),
    at('after', 'copyFile', 'work/timestamp.json'),
    ...['timestamp', 'snapshot', 'stable'].flatMap((role) => [
      at('middle', 'write', `metadata/${role}.json.new`),
      at('before', 'rename', `metadata/${role}.json`),
      at('after', 'rename', `metadata/${role}.json`),
    ]),
    at('before', 'rm', part),
    at('middle', 'write', 'data/triples.parquet'),
    at('middle', 'write', 'query/capabilities.json'),
    at('middle', 'write', packManifestPath),
    at('before', 'rm', pack),
    at('before', 'rename', pack),
    at('after', 'rename', pack),
    at('before', 'rm', part, 2),
    at('middle', 'write', 'state.json.new'),
    at('before', 'rename', 'state.json'),
    at('after', 'rename', 'state.json'),
    ...[2, 3].flatMap((nth) => [
      at('middle', 'write', 'state.json.new', nth),
      at('before', 'rename', 'state.json', nth),
      at('after', 'rename', 'state.json', nth),
    ]),
  ])('%s', async (_name, point) => {
    const dir = `${node.dir}-${++runs}`;
    fs.cpSync(node.dir, dir, { recursive: true });
    const before = await node.state(dir);
    node.road.reports.length = 0;
    await killed(point(), { TEST_NODE_DIR: dir });

    // What lies there now is the old state, or the new one with its pack; either way it answers.
    const found = await node.state(dir);
    const isNew = found.active?.pack_id === packIdOf(next);
    if (isNew)
      expect(found).toMatchObject({
        floors: { highest_activated_seq: 2 },
        last_known_good: { pack_id: packIdOf(old) },
      });
    else expect([found.active, found.attempts]).toEqual([before.active, before.attempts]);
    const serving = isNew ? next : old;
    expect(await node.answer(dir)).toMatchObject({ ok: true, value: { runtime_pack_id: packIdOf(serving) } });

    // The next start comes to the same end, and leaves nothing of the last one lying about.
    await (await startNode(dir, { pollMs: 60_000, log: node.log })).stop();
    expect(filesIn(placesIn(dir).packs).filter((name) => name.includes('.part'))).toEqual([]);
    const after = await node.look(dir);
    expect(after).toMatchObject({
      active: { release_seq: 2, pack_id: packIdOf(next) },
      last_known_good: { release_seq: 1, pack_id: packIdOf(old) },
      floors: { highest_activated_seq: 2 },
    });
    // What is on record in the end is what an undisturbed node has on record.
    const said = after.attempts.map(({ type, status, offer, reported }) => [type, status, offer.release_seq, reported]);
    expect(said).toEqual([
      ['ACTIVATE', 'SUCCEEDED', 1, true],
      ['ACTIVATE', 'SUCCEEDED', 2, true],
    ]);
    expect(await node.answer(dir)).toMatchObject({ ok: true, value: { runtime_pack_id: packIdOf(next) } });
    expect(node.road.reports.length).toBeGreaterThan(0);
    expect(node.road.reports.every(({ attempt }) => attempt.status === 'SUCCEEDED')).toBe(true);
    expect(filesIn(dir).filter((name) => name.endsWith('.new'))).toEqual([]);
    expect(fs.readdirSync(placesIn(dir).packs).sort()).toEqual([packIdOf(old), packIdOf(next)].sort());
  });
});

describe('a node that joins, killed', () => {
  test.each([
    at('middle', 'write', 'key.json.new'),
    at('after', 'rename', 'key.json'),
    at('middle', 'write', 'trust/1.root.json.new'),
    at('after', 'rename', 'trust/1.root.json'),
    at('middle', 'write', 'metadata/root.json.new'),
    at('after', 'rename', 'metadata/root.json'),
    at('middle', 'write', 'node.json.new'),
    at('before', 'rename', 'node.json'),
    at('after', 'rename', 'node.json'),
  ])('%s', async (_name, point) => {
    const dir = path.join(node.dir, '..', `join-${++runs}`);
    const provision = { api: node.road.url, tenant_id: tenant, instance_id: 'edge-1', channel };
    const { pin, roots } = node.repo.trust();
    const joining = { provision, trust: { pin, roots: roots.map((root) => Buffer.from(root).toString('base64')) } };
    const whole = point().when === 'after' && point().path === 'node.json';
    await killed(point(), { TEST_NODE_DIR: dir, TEST_JOIN: JSON.stringify(joining) });
    // There is no node yet, or a whole one.
    expect(fs.existsSync(placesIn(dir).config)).toBe(whole);
    const key = whole ? fs.readFileSync(placesIn(dir).key, 'utf8') : undefined;
    await node.join({ folder: dir });
    if (key) expect(fs.readFileSync(placesIn(dir).key, 'utf8')).toBe(key);
    expect(await node.look(dir)).toMatchObject({ active: { pack_id: packIdOf(next) } });
  });
});
