import fs from 'node:fs';
import path from 'node:path';
import type { Offer } from '@orgo/contracts';
import { type NodeState, placesIn, startNode } from '@orgo/konnaxion-node';
import { packManifestPath } from '@orgo/kristal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProcess } from '../kit/processes.ts';
import { channel, type NodeInstance, startNodeInstance, tenant } from './konnaxion-node-instance.ts';
import { packIdOf, readerPack, type TestPack } from './konnaxion-node-packs.ts';
import { type KillPoint, killLine } from './konnaxion-node-process.ts';

// A node's process is killed in the middle of its work, at every place where its disk changes and before and after whatever it says. What it
// finds when it starts again is the state before or the state after, with a pack that serves; and it ends where it would have ended, having said the same.
const script = new URL('./konnaxion-node-process.ts', import.meta.url);
let packs: [TestPack, TestPack, TestPack];
let runs = 0;
const stories: Story[] = [];

beforeAll(async () => {
  packs = await Promise.all([readerPack(2), readerPack(1), readerPack(0)]);
  // Who is killed keeps nothing of what it compiled; one that ends does, for all the others.
  await runProcess(script, {}).ended;
});
afterAll(async () => {
  await Promise.all(stories.map(({ node }) => node.stop()));
});

/** Runs a process to its kill, and proves that it came to it. */
async function killed(point: KillPoint, env: Record<string, string>): Promise<void> {
  const child = runProcess(script, {
    TEST_KILL_AT: JSON.stringify(point),
    ...env,
  });
  expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' });
  expect(child.lines).toEqual([killLine(point)]);
}

/** What a state comes to whenever it came about: without the times, and what was measured in them. */
const timeless = (state: NodeState): unknown =>
  JSON.parse(
    JSON.stringify(state, (name, value) =>
      /_at$|^at$/.test(name) ? 'then' : name === 'metrics' ? value.length : value,
    ),
  );

/** A node before something that it will do, and what it is like once it has done it undisturbed. */
type Story = { node: NodeInstance; before: NodeState; end: NodeState; told: string[] };

/** What was said, each thing once: a node that dies before it knows that it was heard says it again. */
const told = (node: NodeInstance): string[] => [
  ...new Set(
    node.road.reports.map(({ nonce: _nonce, reported_at: _at, metrics, ...said }) =>
      JSON.stringify({ ...said, metrics: metrics.map(({ name }) => name) }),
    ),
  ),
];

async function story(prepare: (node: NodeInstance) => Promise<unknown>): Promise<Story> {
  const node = await startNodeInstance();
  await node.join();
  await node.publish(packs[0]);
  await node.look();
  await prepare(node);
  const undisturbed = `${node.dir}-undisturbed`;
  fs.cpSync(node.dir, undisturbed, { recursive: true });
  const before = await node.state();
  node.road.reports.length = 0;
  const made = { node, before, end: await node.look(undisturbed), told: told(node) };
  expect(made.end.active?.pack_id).not.toBe(before.active?.pack_id);
  expect(made.end.attempts.every(({ reported }) => reported)).toBe(true);
  stories.push(made);
  return made;
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
const point = (name: string, nth = 1) => at('before', 'point', name, nth);
const pack = (): string => `packs/${packIdOf(packs[1])}`;
const part = (): string => `packs/.part-${packIdOf(packs[1])}`;
/** Each time that the state is written: half of it, all of it and not in its place, all of it. */
const states = (...times: number[]) =>
  times.flatMap((nth) => [
    at('middle', 'write', 'state.json.new', nth),
    at('before', 'rename', 'state.json', nth),
    at('after', 'rename', 'state.json', nth),
  ]);

/** Kills a node of the story there, looks at what is left, and has it go on. */
async function survives({ node, before, end, told: undisturbed }: Story, where: KillPoint): Promise<void> {
  const dir = `${node.dir}-${++runs}`;
  fs.cpSync(node.dir, dir, { recursive: true });
  node.road.reports.length = 0;
  await killed(where, { TEST_NODE_DIR: dir, TEST_KEEP: `${node.keep}` });

  // What lies there now is the old pointer, or the new one; either way it answers.
  const found = await node.state(dir);
  const isNew = found.active?.pack_id === end.active?.pack_id;
  const facts = ({ active, last_known_good, floors: { highest_activated_seq } }: NodeState) =>
    JSON.stringify([active, last_known_good, highest_activated_seq], (name, value) =>
      name === 'activated_at' ? 'then' : value,
    );
  expect(facts(found)).toBe(facts(isNew ? end : before));
  expect(await node.answer(dir)).toMatchObject({ ok: true, value: { runtime_pack_id: found.active?.pack_id } });

  // The next start comes to the same end, says what an undisturbed node says, and leaves nothing of the last one lying about.
  await (await startNode(dir, { pollMs: 60_000, log: node.log, keep: node.keep })).stop();
  expect(filesIn(placesIn(dir).packs).filter((name) => name.includes('.part'))).toEqual([]);
  const after = await node.look(dir);
  expect(timeless(after)).toEqual(timeless(end));
  expect(told(node)).toEqual(undisturbed);
  expect(await node.answer(dir)).toMatchObject({ ok: true, value: { runtime_pack_id: end.active?.pack_id } });
  expect(filesIn(dir).filter((name) => name.endsWith('.new'))).toEqual([]);
  const kept = end.installed.map(({ pack_id }) => pack_id);
  expect(fs.readdirSync(placesIn(dir).packs).sort()).toEqual(kept.sort());
}

describe('a node that activates the next release, killed', () => {
  let forward: Story;
  beforeAll(async () => {
    forward = await story((node) => node.publish(packs[1]));
  });
  test.each([
    ...['timestamp', 'snapshot', 'channel.stable'].flatMap((role) => [
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
    ...states(1, 2, 3),
    ...['node.beforeSwitch', 'node.switched', 'node.beforeReport', 'node.reported'].map((name) => point(name)),
  ])('%s', (_name, where) => survives(forward, where()));
});

describe('a node that goes back, killed', () => {
  let back: Story;
  beforeAll(async () => {
    back = await story(async (node) => {
      const first = node.repo.index().current as Offer;
      const second = await node.publish(packs[1]);
      await node.look();
      node.repo.change({ current: node.repo.offer(packs[0]), rollback: node.repo.authorization(second, first) });
    });
  });
  // It keeps the index, that it begins, that it went, and that either was heard.
  test.each([
    ...states(2, 3, 4),
    at('before', 'rename', 'state.json', 5),
    ...['node.beforeSwitch', 'node.switched', 'node.beforeReport', 'node.reported'].map((name) => point(name)),
    point('node.beforeReport', 2),
    point('node.reported', 2),
  ])('%s', (_name, where) => survives(back, where()));
});

describe('a node that brings a pack ahead of its turn, takes it and clears up, killed', () => {
  const third = (): string => `packs/${packIdOf(packs[2])}`;
  const left = (): string => `packs/${packIdOf(packs[0])}`;
  let ahead: Story;
  beforeAll(async () => {
    ahead = await story(async (node) => {
      await node.publish(packs[1]);
      await node.look();
      node.keep = 0;
      const offer = node.repo.offer(packs[2]);
      const nobody = { selector: { by: 'ids' as const, ids: ['edge-9'] }, enrolled_through: 1 };
      node.repo.change({ candidate: { offer, cohorts: [nobody], prefetch: true } });
      await node.look();
      node.repo.change({ current: offer, candidate: null });
    });
  });
  test.each([
    ...states(2),
    at('before', 'rename', 'state.json', 3),
    at('before', 'rm', left),
    at('after', 'rm', left),
    point('node.reported'),
  ])('%s', async (_name, where) => {
    await survives(ahead, where());
    expect(ahead.node.road.asked.some((name) => name.includes(third()))).toBe(true);
  });
});

describe('a node that joins, killed', () => {
  let node: NodeInstance;
  beforeAll(async () => {
    ({ node } = await story((one) => one.publish(packs[1])));
  });
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
  ])('%s', async (_name, where) => {
    const dir = path.join(node.dir, '..', `join-${++runs}`);
    const provision = { api: node.road.url, tenant_id: tenant, instance_id: 'edge-1', channel };
    const { pin, roots } = node.repo.trust();
    const joining = { provision, trust: { pin, roots: roots.map((root) => Buffer.from(root).toString('base64')) } };
    const whole = where().when === 'after' && where().path === 'node.json';
    await killed(where(), { TEST_NODE_DIR: dir, TEST_JOIN: JSON.stringify(joining) });
    // There is no node yet, or a whole one.
    expect(fs.existsSync(placesIn(dir).config)).toBe(whole);
    const key = whole ? fs.readFileSync(placesIn(dir).key, 'utf8') : undefined;
    await node.join({ folder: dir });
    if (key) expect(fs.readFileSync(placesIn(dir).key, 'utf8')).toBe(key);
    expect(await node.look(dir)).toMatchObject({ active: { pack_id: packIdOf(packs[1]) } });
  });
});
