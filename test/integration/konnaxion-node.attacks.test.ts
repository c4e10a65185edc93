import fs from 'node:fs';
import path from 'node:path';
import type { ReasonCode } from '@orgo/contracts';
import { canonicalBytes, utf8 } from '@orgo/core';
import { placesIn } from '@orgo/konnaxion-node';
import { type PackManifest, runtimePackId } from '@orgo/kristal';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expired, forge, forgeRoot } from './konnaxion-node-forge.ts';
import { type NodeInstance, startNodeInstance, tenant } from './konnaxion-node-instance.ts';
import { flipped, kristalIdOf, packIdOf, readerPack, remade, type TestPack } from './konnaxion-node-packs.ts';
import type { Trick } from './konnaxion-node-road.ts';

// Whatever comes over the road, signed by the wrong keys or by the right ones: the node refuses it by its code and serves what it served.
let packs: [TestPack, TestPack, TestPack];
let node: NodeInstance;
let answer: unknown;

beforeAll(async () => {
  packs = await Promise.all([readerPack(2), readerPack(1), readerPack(0)]);
});
/** The node runs the first release of the channel. */
beforeEach(async () => {
  node = await startNodeInstance();
  await node.join();
  await runs(packs[0]);
});
afterEach(() => node.stop());

/** Releases a pack and has the node run it. */
async function runs(pack: TestPack): Promise<void> {
  await node.publish(pack);
  await node.look();
  node.road.reports.length = 0;
  answer = await node.answer();
  expect(answer).toMatchObject({ ok: true, value: { runtime_pack_id: packIdOf(pack) } });
}

const serve = (files: ReadonlyMap<string, Trick>): void => {
  node.road.trick = (path) => files.get(path.replace(/^tuf\//, ''));
};

/** The node looks, and looks again: it refuses once, by this code, and serves as before; then nothing more is said or fetched. */
async function refusesOnce(code: ReasonCode, type: 'VERIFY' | 'ACTIVATE'): Promise<void> {
  const before = await node.state();
  const after = await node.look();
  expect(after.last_attempt).toMatchObject({ type, status: 'FAILED', reason_code: code, reported: true });
  expect([after.active, after.highest_activated_seq]).toEqual([before.active, before.highest_activated_seq]);
  expect(await node.answer()).toEqual(answer);
  expect(node.lines.at(-1)).toMatchObject({ error_code: code });
  node.road.asked.length = 0;
  expect(await node.look()).toEqual(after);
  expect(node.road.asked.filter((path) => /packs|nonce|reports/.test(path))).toEqual([]);
  expect(node.road.reports).toMatchObject([
    { attempt: { type, status: 'FAILED', reason_code: code }, active_pack_id: before.active?.pack_id },
  ]);
  expect(await node.answer()).toEqual(answer);
}

/** Nothing of a refused pack stays behind, and a newer release is taken as if nothing had been. */
async function takesTheNext(): Promise<void> {
  node.road.clear();
  const { release_seq } = await node.publish(packs[2]);
  expect(await node.look()).toMatchObject({
    active: { release_seq, pack_id: packIdOf(packs[2]) },
    last_known_good: { pack_id: packIdOf(packs[0]) },
    refused: null,
  });
  expect(await node.answer()).toMatchObject({ value: { runtime_pack_id: packIdOf(packs[2]) } });
}

describe('a pack that arrives otherwise than it was released', () => {
  const name = 'dict/statements.parquet';
  const bytes = (): Uint8Array => packs[1].files.get(name) as Uint8Array;
  const cases: [string, ReasonCode, () => Trick][] = [
    ['one bit flipped', 'FILE_HASH_MISMATCH', () => flipped(bytes(), 77)],
    ['the file of another pack', 'FILE_SIZE_MISMATCH', () => packs[2].files.get(name) as Uint8Array],
    ['cut short', 'FILE_SIZE_MISMATCH', () => bytes().subarray(0, 100)],
    ['empty', 'FILE_SIZE_MISMATCH', () => new Uint8Array()],
    ['a byte more', 'FILE_SIZE_MISMATCH', () => Buffer.concat([bytes(), Buffer.from([0])])],
    ['without end', 'FILE_SIZE_MISMATCH', () => 'endless'],
    ['not there', 'FILE_MISSING', () => null],
  ];
  test.each(cases)('%s: %s', async (_what, code, trick) => {
    await node.publish(packs[1]);
    serve(new Map([[`packs/${packIdOf(packs[1])}/${name}`, trick()]]));
    await refusesOnce(code, 'ACTIVATE');
    expect(fs.readdirSync(placesIn(node.dir).packs)).toEqual([packIdOf(packs[0])]);
    await takesTheNext();
  });
});

describe('a release that the right keys signed, of what is no sound pack', () => {
  const withPath = (name: string): PackManifest => {
    const { manifest } = packs[1];
    const file = { path: name, role: 'other' as const, sha256: '0'.repeat(64), size_bytes: 1 };
    const identity = { ...manifest, files: [...manifest.files, file] };
    return { ...identity, runtime_pack_id: runtimePackId(identity) };
  };
  const publish = (manifest: PackManifest) => (): Promise<unknown> =>
    node.publish(packs[1], { manifest: canonicalBytes(manifest), pack_id: manifest.runtime_pack_id });
  const release = (pack: TestPack) => (): Promise<unknown> => node.publish(pack);
  const other = 'b'.repeat(64);
  const cases: [string, ReasonCode, () => () => Promise<unknown>][] = [
    ['a manifest of another pack', 'MANIFEST_ID_MISMATCH', () => () => node.publish(packs[1], { pack_id: other })],
    [
      'a manifest whose id is not its content',
      'MANIFEST_ID_MISMATCH',
      () => publish({ ...packs[1].manifest, runtime_pack_id: other }),
    ],
    [
      'a manifest that is none',
      'MANIFEST_SCHEMA_INVALID',
      () => () => node.publish(packs[1], { manifest: utf8('not a manifest') }),
    ],
    [
      'a manifest with a member of its own',
      'MANIFEST_SCHEMA_INVALID',
      () => publish({ ...packs[1].manifest, evil: true } as never),
    ],
    ['a file that climbs out', 'PATH_UNSAFE', () => publish(withPath('../../../../climbed'))],
    ['a file with a root of its own', 'PATH_UNSAFE', () => publish(withPath('/tmp/climbed'))],
    [
      'a pack made from another Kristal than is said',
      'MANIFEST_ID_MISMATCH',
      () => () => node.publish(packs[1], { kristal_id: kristalIdOf(packs[2]) }),
    ],
    [
      'a pack of a contract that this node does not speak',
      'CONTRACT_UNSUPPORTED',
      () => release(remade(packs[1], { 'query/capabilities.json': utf8('{"contract_id":"other"}') })),
    ],
    [
      'a pack that does not answer',
      'SMOKE_FAILED',
      () => {
        const name = 'data/triples.parquet';
        const bytes = Uint8Array.from(packs[1].files.get(name) as Uint8Array);
        return release(remade(packs[1], { [name]: bytes.fill(0x7f, 30, 60) }));
      },
    ],
  ];
  test.each(cases)('%s: %s', async (_what, code, make) => {
    await make()();
    await refusesOnce(code, 'ACTIVATE');
    expect(fs.existsSync(path.resolve(node.dir, '../../../climbed')) || fs.existsSync('/tmp/climbed')).toBe(false);
    await takesTheNext();
  });
});

describe('a release out of the channel’s order, signed by the right keys', () => {
  const custom = (change: (custom: Record<string, unknown>) => void) =>
    forge(node.channels, tenant, { stable: (signed) => change(signed.targets['stable/pack-manifest.json'].custom) });
  // The second release is active, the third is published: of a sound pack, under facts that cannot be.
  const cases: [string, ReasonCode, number, Record<string, unknown>][] = [
    ['the first pack under its first number', 'DOWNGRADE_BLOCKED', 0, { release_seq: 1 }],
    ['a number that was another pack', 'RELEASE_SUBSTITUTED', 2, { release_seq: 2 }],
    ['an old number that was another pack', 'RELEASE_SUBSTITUTED', 2, { release_seq: 1 }],
    ['a release of another channel', 'TARGET_NOT_FOR_CHANNEL', 2, { channel: 'beta' }],
  ];
  test.each(cases)('%s: %s', async (_what, code, pack, facts) => {
    await runs(packs[1]);
    await node.publish(packs[pack] as TestPack);
    serve(await custom((c) => Object.assign(c, facts)));
    await refusesOnce(code, 'ACTIVATE');
  });

  test.each([
    ['no facts', (c: Record<string, unknown>) => delete c.pack_id],
    ['facts of its own', (c: Record<string, unknown>) => Object.assign(c, { trust: 'me' })],
    ['a pack id that is a path', (c: Record<string, unknown>) => Object.assign(c, { pack_id: '../../x' })],
  ])('%s: METADATA_INVALID', async (_what, change) => {
    serve(await custom(change));
    await refusesOnce('METADATA_INVALID', 'VERIFY');
  });
});

describe('channel metadata', () => {
  /** What is served in place of the second release's metadata, which the node has not seen. */
  const cases: [string, ReasonCode, () => Promise<Map<string, Trick>> | Map<string, Trick>][] = [
    ['a timestamp past its expiry', 'METADATA_STALE', () => forge(node.channels, tenant, { timestamp: expired })],
    ['a snapshot past its expiry', 'METADATA_STALE', () => forge(node.channels, tenant, { snapshot: expired })],
    ['targets past their expiry', 'METADATA_STALE', () => forge(node.channels, tenant, { targets: expired })],
    ['a channel past its expiry', 'METADATA_STALE', () => forge(node.channels, tenant, { stable: expired })],
    ['a timestamp that is no JSON', 'METADATA_INVALID', () => new Map([['metadata/timestamp.json', utf8('{')]])],
    ['a timestamp without end', 'METADATA_INVALID', () => new Map([['metadata/timestamp.json', 'endless' as const]])],
    [
      'a channel that is gone from the snapshot',
      'METADATA_INVALID',
      () => forge(node.channels, tenant, { snapshot: (signed) => delete signed.meta['stable.json'] }),
    ],
    ['a next root by another key', 'METADATA_INVALID', () => forgeRoot(node.channels, tenant, 'targets')],
    ['a next root that is no JSON', 'METADATA_INVALID', () => new Map([['metadata/2.root.json', utf8('null')]])],
  ];
  test.each(cases)('%s: %s', async (_what, code, files) => {
    await node.publish(packs[1]);
    serve(await files());
    await refusesOnce(code, 'VERIFY');
    await recovers();
  });
  const newer = (signed: { version: number }): void => {
    signed.version += 1;
  };

  /** With good metadata again, newer than what the node has meanwhile come to trust, the second release is taken. */
  async function recovers(): Promise<void> {
    node.road.clear();
    serve(await forge(node.channels, tenant, { stable: newer, targets: newer, snapshot: newer, timestamp: newer }));
    expect(await node.look()).toMatchObject({ active: { release_seq: 2, pack_id: packIdOf(packs[1]) } });
    expect(node.road.reports.at(-1)?.attempt.status).toBe('SUCCEEDED');
  }

  test.each(['timestamp', '4.snapshot', '1.targets', '4.stable'])(
    'a changed %s.json: METADATA_INVALID',
    async (name) => {
      await node.publish(packs[1]);
      // A node that has seen nothing takes every file from the road.
      fs.rmSync(placesIn(node.dir).tuf, { recursive: true });
      fs.mkdirSync(`${placesIn(node.dir).tuf}/metadata`, { recursive: true });
      fs.copyFileSync(`${node.channels.dir}/metadata/1.root.json`, `${placesIn(node.dir).tuf}/metadata/root.json`);
      const file = `metadata/${name}.json`;
      const text = fs.readFileSync(`${node.channels.dir}/${file}`, 'utf8');
      const changed = text.replace(/"expires":"20(\d\d)/, (_, year) => `"expires":"21${year}`);
      expect(changed).not.toBe(text);
      serve(new Map([[file, utf8(changed)]]));
      await refusesOnce('METADATA_INVALID', 'VERIFY');
      await recovers();
    },
  );

  test('a manifest other than the metadata says: METADATA_INVALID', async () => {
    const { pack_id } = await node.publish(packs[1]);
    const manifest = canonicalBytes(packs[1].manifest);
    node.road.trick = (path) => (path.startsWith('tuf/targets/') ? flipped(manifest, 20) : undefined);
    await refusesOnce('METADATA_INVALID', 'VERIFY');
    expect(node.road.asked.join()).not.toContain(pack_id);
    await recovers();
  });

  const older: [string, () => Promise<Map<string, Trick>> | Map<string, Trick>][] = [
    ['the timestamp of before', () => new Map([['metadata/timestamp.json', before]])],
    [
      'a newer timestamp of the snapshot of before',
      () =>
        forge(node.channels, tenant, { timestamp: ({ meta }) => Object.assign(meta['snapshot.json'], { version: 1 }) }),
    ],
    [
      'a newer snapshot of the channel of before',
      () =>
        forge(node.channels, tenant, { snapshot: ({ meta }) => Object.assign(meta['stable.json'], { version: 1 }) }),
    ],
  ];
  let before: Buffer;
  test.each(older)('%s, to a node that has started again: METADATA_ROLLBACK', async (_what, files) => {
    before = fs.readFileSync(`${node.channels.dir}/metadata/timestamp.json`);
    await runs(packs[1]);
    serve(await files());
    await refusesOnce('METADATA_ROLLBACK', 'VERIFY');
  });

  test('by the next root of the tenant is followed, and by the keys that it dropped no more', async () => {
    const root = await forgeRoot(node.channels, tenant, 'root', (signed) => {
      // The new root gives the timestamp to another key: what the old one signs is no longer believed.
      signed.roles.timestamp.keyids = signed.roles.snapshot.keyids;
    });
    serve(root);
    await node.publish(packs[1]);
    await refusesOnce('METADATA_INVALID', 'VERIFY');
    const kept = JSON.parse(fs.readFileSync(`${placesIn(node.dir).tuf}/metadata/root.json`, 'utf8'));
    expect(kept.signed.version).toBe(2);
  });

  test('that was refused and is good again has the active pack confirmed, once', async () => {
    serve(await forge(node.channels, tenant, { timestamp: expired }));
    await refusesOnce('METADATA_STALE', 'VERIFY');
    node.road.clear();
    await node.look();
    await node.look();
    expect(node.road.reports.map(({ attempt }) => [attempt.type, attempt.status])).toEqual([
      ['VERIFY', 'FAILED'],
      ['ACTIVATE', 'SUCCEEDED'],
    ]);
    expect(await node.answer()).toEqual(answer);
  });

  test('that was refused and is good again finds an active pack that is damaged', async () => {
    serve(await forge(node.channels, tenant, { timestamp: expired }));
    await node.look();
    node.road.clear();
    fs.appendFileSync(`${placesIn(node.dir).pack(packIdOf(packs[0]))}/meta/statistics.json`, ' ');
    const { last_attempt, active } = await node.look();
    expect(last_attempt).toMatchObject({ type: 'ACTIVATE', status: 'FAILED', reason_code: 'FILE_SIZE_MISMATCH' });
    expect(active?.pack_id).toBe(packIdOf(packs[0]));
    expect(await node.answer()).toMatchObject({ ok: false, code: 'FILE_SIZE_MISMATCH' });
  });
});

test('refused metadata does not make a refused release news again', async () => {
  await node.publish(packs[1]);
  serve(new Map([[`packs/${packIdOf(packs[1])}/meta/statistics.json`, null]]));
  await refusesOnce('FILE_MISSING', 'ACTIVATE');
  serve(await forge(node.channels, tenant, { timestamp: expired }));
  await node.look();
  node.road.clear();
  const after = await node.look();
  expect(node.road.asked.filter((path) => path.includes('packs/'))).toEqual([]);
  expect(after).toMatchObject({ active: { release_seq: 1 }, refused: { release_seq: 2 } });
});

test('a node that runs nothing yet keeps refused metadata to its log', async () => {
  const fresh = await startNodeInstance();
  await fresh.join();
  await fresh.publish(packs[0]);
  const files: ReadonlyMap<string, Trick> = await forge(fresh.channels, tenant, { timestamp: expired });
  fresh.road.trick = (path) => files.get(path.replace(/^tuf\//, ''));
  expect(await fresh.look()).toMatchObject({ active: null, last_attempt: null });
  expect(fresh.lines).toMatchObject([{ event: 'node.metadata_refused', error_code: 'METADATA_STALE' }]);
  expect(fresh.road.reports).toEqual([]);
  fresh.road.clear();
  expect(await fresh.look()).toMatchObject({ active: { pack_id: packIdOf(packs[0]) } });
  await fresh.stop();
});
