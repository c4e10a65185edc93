import fs from 'node:fs';
import { placesIn, realWorld } from '@orgo/konnaxion-node';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type NodeInstance, startNodeInstance, tenant } from './konnaxion-node-instance.ts';
import { packIdOf, readerPack, type TestPack } from './konnaxion-node-packs.ts';

// A real node on real channels: it follows releases, says once what it did, and holds what it has while nothing comes through.
let packs: [TestPack, TestPack, TestPack];
let node: NodeInstance;

beforeAll(async () => {
  packs = await Promise.all([readerPack(2), readerPack(1), readerPack(0)]);
});
beforeEach(async () => {
  node = await startNodeInstance();
  await node.join();
});
afterEach(() => node.stop());

const said = () =>
  node.road.reports.map(({ attempt, active_pack_id }) => [attempt.type, attempt.status, active_pack_id]);
const packFiles = () => node.road.asked.filter((path) => path.startsWith('tuf/packs/'));
const folders = () => fs.readdirSync(placesIn(node.dir).packs);

test('it follows its channel from release to release and says each activation once', async () => {
  const [a, b] = packs;
  const first = await node.publish(a);
  expect(await node.look()).toMatchObject({
    active: { release_seq: 1, pack_id: packIdOf(a) },
    last_known_good: null,
    attempts: [{ offer: first, status: 'SUCCEEDED', reported: true }],
  });
  expect(await node.answer()).toMatchObject({ ok: true, value: { runtime_pack_id: packIdOf(a) } });
  await node.publish(b);
  expect(await node.look()).toMatchObject({
    active: { release_seq: 2, pack_id: packIdOf(b) },
    last_known_good: { release_seq: 1, pack_id: packIdOf(a) },
    floors: { highest_activated_seq: 2, highest_seen_seq: 2, index_seq: 2 },
  });
  expect(await node.answer()).toMatchObject({ ok: true, value: { runtime_pack_id: packIdOf(b) } });
  // Nothing new: nothing is written, fetched or said.
  const before = node.stateBytes();
  node.road.asked.length = 0;
  await node.look();
  expect(node.road.asked).toEqual(['tuf/metadata/2.root.json', 'tuf/metadata/timestamp.json']);
  expect(node.stateBytes()).toBe(before);
  expect(said()).toEqual([
    ['ACTIVATE', 'SUCCEEDED', packIdOf(a)],
    ['ACTIVATE', 'SUCCEEDED', packIdOf(b)],
  ]);
  expect(node.road.reports[1]).toMatchObject({
    tenant_id: tenant,
    channel: 'stable',
    health: 'HEALTHY',
    release_seq: 2,
    pack_seq: 2,
    index_seq: 2,
    last_known_good: packIdOf(a),
    metrics: [{ name: 'smoke_failures', value: 0, samples: 1 }, { name: 'smoke_ms' }],
  });
  expect(folders().sort()).toEqual([packIdOf(a), packIdOf(b)].sort());
});

test('it goes back to an older pack under the gatekeeper’s leave, without fetching it again', async () => {
  const [a, b] = packs;
  const first = await node.publish(a);
  await node.look();
  const second = await node.publish(b);
  await node.look();
  node.road.asked.length = 0;
  const back = node.repo.offer(a);
  node.repo.change({ current: back, rollback: node.repo.authorization(second, first) });
  expect(await node.look()).toMatchObject({
    active: { release_seq: 3, pack_seq: 1, pack_id: packIdOf(a) },
    last_known_good: null,
    floors: { highest_activated_seq: 2, highest_seen_seq: 2 },
  });
  expect(packFiles()).toEqual([]);
  expect(said().slice(2)).toEqual([
    ['ROLLBACK', 'IN_PROGRESS', packIdOf(b)],
    ['ROLLBACK', 'SUCCEEDED', packIdOf(a)],
  ]);
});

test('it fetches a pack again that was damaged where it lay', async () => {
  const [a, b] = packs;
  const first = await node.publish(a);
  await node.look();
  const second = await node.publish(b);
  await node.look();
  const file = `${placesIn(node.dir).pack(packIdOf(a))}/data/triples.parquet`;
  fs.writeFileSync(file, 'gone');
  fs.writeFileSync(`${placesIn(node.dir).pack(packIdOf(a))}/extra`, 'x');
  node.repo.change({ current: node.repo.offer(a), rollback: node.repo.authorization(second, first) });
  expect(await node.look()).toMatchObject({ active: { release_seq: 3, pack_id: packIdOf(a) } });
  expect(await node.answer()).toMatchObject({ ok: true });
});

test('it waits for a first release', async () => {
  await expect(node.look()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  node.repo.write();
  expect(await node.look()).toMatchObject({ active: null, attempts: [] });
  node.repo.change({});
  expect(await node.look()).toMatchObject({ active: null, attempts: [], floors: { index_seq: 1 } });
  expect(node.road.reports).toEqual([]);
  expect(await node.answer()).toMatchObject({ ok: false, code: 'PACK_NOT_ACTIVE' });
});

describe('while nothing comes through', () => {
  test('it holds: the state is as it was, the active pack serves, and nothing is said', async () => {
    const [a, b] = packs;
    await node.publish(a);
    await node.look();
    const answer = await node.answer();
    const before = node.stateBytes();
    await node.publish(b);
    node.road.down = true;
    for (let n = 0; n < 3; n++) await expect(node.look()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(node.stateBytes()).toBe(before);
    expect(await node.answer()).toEqual(answer);
    node.road.clear();
    expect(await node.look()).toMatchObject({ active: { pack_id: packIdOf(b) } });
    expect(said().map(([, status]) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  });

  test.each(['drop', 'cut'] as const)(
    'of any one answer (%s), it refuses nothing and goes on from there',
    async (how) => {
      const [a, b] = packs;
      await node.publish(a);
      await node.look();
      await node.publish(b);
      const [base, asked] = [`${node.dir}-base`, node.road.asked];
      fs.cpSync(node.dir, base, { recursive: true });
      asked.length = 0;
      await node.look();
      const answers = asked.filter((path) => path !== 'tuf/metadata/2.root.json');
      // All of it: metadata, index, manifest, authorization, every file of the pack, nonce and report.
      expect(answers).toHaveLength(4 + 3 + 12 + 2);
      for (const lost of answers) {
        fs.rmSync(node.dir, { recursive: true });
        fs.cpSync(base, node.dir, { recursive: true });
        node.road.reports.length = 0;
        node.road.trick = (path) => (path === lost ? how : undefined);
        // A report may have been taken although its answer was lost; what is never known is said again.
        if (!(how === 'cut' && lost.endsWith('/reports')))
          await expect(node.look(), lost).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
        const held = await node.state();
        expect([packIdOf(a), packIdOf(b)]).toContain(held.active?.pack_id);
        expect(held.attempts.at(-1)?.status).toBe('SUCCEEDED');
        expect(await node.answer()).toMatchObject({ ok: true });
        node.road.trick = () => undefined;
        const after = await node.look();
        expect(after.active?.pack_id, lost).toBe(packIdOf(b));
        expect(
          after.attempts.every(({ reported }) => reported),
          lost,
        ).toBe(true);
        expect(new Set(said().map(([, status]) => status))).toEqual(new Set(['SUCCEEDED']));
        expect(folders().sort()).toEqual([packIdOf(a), packIdOf(b)].sort());
      }
    },
  );

  test('but a drip, the download is given up, and nothing is refused for it: TRANSFER_TOO_SLOW', async () => {
    const [a, b] = packs;
    await node.publish(a);
    await node.look();
    await node.publish(b);
    node.world.transfer = { ...realWorld.transfer, stallMs: 60_000, graceMs: 100, bytesPerSecond: 1_000_000 };
    node.road.trick = (path) => (path.includes('packs/') ? 'drip' : undefined);
    await expect(node.look()).rejects.toMatchObject({ code: 'TRANSFER_TOO_SLOW' });
    expect(await node.state()).toMatchObject({ active: { pack_id: packIdOf(a) }, refused: [] });
    node.road.clear();
    node.world.transfer = realWorld.transfer;
    expect(await node.look()).toMatchObject({ active: { pack_id: packIdOf(b) } });
  });

  test('to the release service, the node goes on, and what was done is said later, all of it and in order', async () => {
    const [a, b] = packs;
    node.road.refusing = 'REPORT_NOT_ENROLLED';
    for (const pack of [a, b]) {
      await node.publish(pack);
      await expect(node.look()).rejects.toMatchObject({ code: 'REPORT_NOT_ENROLLED' });
      const { active, attempts } = await node.state();
      expect([active?.pack_id, attempts.at(-1)?.reported]).toEqual([packIdOf(pack), false]);
    }
    node.road.clear();
    await node.look();
    expect(said().map(([, , active]) => active)).toEqual([packIdOf(a), packIdOf(b)]);
    expect(new Set(node.road.reports.map(({ nonce }) => nonce)).size).toBe(2);
  });

  test('for so long that too much is unsaid, it does nothing new until it was said', async () => {
    const [a, b] = packs;
    const [first, second] = [await node.publish(a), node.repo.offer(b)];
    node.road.refusing = 'REPORT_NOT_ENROLLED';
    const held = () => expect(node.look()).rejects.toMatchObject({ code: 'REPORT_NOT_ENROLLED' });
    await held();
    // Each release of the same pack is an attempt more.
    for (let n = 0; n < 64; n++) {
      node.repo.change({ current: node.repo.offer(a) });
      await held();
    }
    const full = await node.state();
    expect(full.attempts.length).toBeLessThanOrEqual(64);
    expect(full.attempts[0]).toMatchObject({ number: 1, offer: first, reported: false });
    node.repo.change({ current: second });
    await held();
    expect((await node.state()).active?.pack_id).toBe(packIdOf(a));
    node.road.clear();
    // A pack that is older in its channel: it came second, and its number says so.
    expect((await node.look()).attempts.every(({ reported }) => reported)).toBe(true);
    expect(node.road.reports.length).toBe(full.attempts.length + 1);
  });
});
