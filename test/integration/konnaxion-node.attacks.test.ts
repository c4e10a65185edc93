import fs from 'node:fs';
import path from 'node:path';
import {
  type ChannelIndex,
  type Offer,
  packManifestPath,
  type ReasonCode,
  type RollbackAuthorization,
} from '@orgo/contracts';
import { canonicalBytes, utf8 } from '@orgo/core';
import { placesIn } from '@orgo/konnaxion-node';
import { type PackManifest, runtimePackId } from '@orgo/kristal';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Changes, createChannelRepo, makeKey, type Signed } from '../kit/channel-repo.ts';
import { type NodeInstance, startNodeInstance } from './konnaxion-node-instance.ts';
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

const expired = (signed: Signed): void => {
  signed.expires = '2020-01-01T00:00:00Z';
};
/** The channel as it stands, changed before its keys sign it, one version up. */
const forge = (changes: Changes) => (): void => node.repo.write(changes);

const serve = (files: ReadonlyMap<string, Trick>): void => {
  node.road.trick = (path) => files.get(path.replace(/^tuf\//, ''));
};

/** The node looks, and looks again: it refuses once, by this code, and serves as before; then nothing more is said or fetched. */
async function refusesOnce(code: ReasonCode, type: 'VERIFY' | 'ACTIVATE' | 'ROLLBACK'): Promise<void> {
  const before = await node.state();
  const after = await node.look();
  expect(after.attempts.at(-1)).toMatchObject({ type, status: 'FAILED', reason_code: code, reported: true });
  expect([after.active, after.floors.highest_activated_seq]).toEqual([
    before.active,
    before.floors.highest_activated_seq,
  ]);
  expect(await node.answer()).toEqual(answer);
  expect(node.lines.at(-1)).toMatchObject({ error_code: code });
  node.road.asked.length = 0;
  expect(await node.look()).toEqual(after);
  expect(node.road.asked.filter((path) => /packs|nonce|reports/.test(path))).toEqual([]);
  const begun = type === 'ROLLBACK' ? [{ attempt: { type, status: 'IN_PROGRESS', reason_code: null } }] : [];
  expect(node.road.reports).toMatchObject([
    ...begun,
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

describe('an index out of the channel’s order, signed by the right keys', () => {
  // The second release is active; what comes third is a sound pack, under facts that cannot be.
  let first: Offer;
  let second: Offer;
  beforeEach(async () => {
    first = node.repo.index().current as Offer;
    await runs(packs[1]);
    second = node.repo.index().current as Offer;
  });
  type Case = [string, ReasonCode, 'VERIFY' | 'ACTIVATE' | 'ROLLBACK', () => unknown];
  const offer = (pack: 0 | 1 | 2, more: Partial<Offer> = {}) => node.repo.offer(packs[pack], more);
  const current = (made: Offer, more: Partial<ChannelIndex> = {}) => node.repo.change({ current: made, ...more });
  const back = (more: Partial<RollbackAuthorization> = {}, key = node.repo.keys.gatekeeper) =>
    current(offer(0), { rollback: node.repo.authorization(second, first, more, key) });
  const cases: Case[] = [
    ['the first pack as it was', 'DOWNGRADE_BLOCKED', 'ROLLBACK', () => current(first)],
    ['the first pack as a newer release', 'DOWNGRADE_BLOCKED', 'ROLLBACK', () => current(offer(0))],
    ['a number that was another pack', 'RELEASE_SUBSTITUTED', 'ACTIVATE', () => current(offer(2, { release_seq: 2 }))],
    [
      'an old number that was another pack',
      'RELEASE_SUBSTITUTED',
      'ACTIVATE',
      () => current(offer(2, { release_seq: 1 })),
    ],
    ['the number of another pack', 'RELEASE_SUBSTITUTED', 'ACTIVATE', () => current(offer(2, { pack_seq: 2 }))],
    [
      'a release that was another pack',
      'RELEASE_SUBSTITUTED',
      'ACTIVATE',
      () => current(offer(2, { release_id: second.release_id })),
    ],
    ['a revoked pack', 'PACK_REVOKED', 'ACTIVATE', () => current(offer(2), { revoked_packs: [packIdOf(packs[2])] })],
    ['a pack below the floor', 'PACK_BELOW_FLOOR', 'ACTIVATE', () => current(offer(2), { floor: { pack_seq: 9 } })],
    [
      'a pack below the floor, with leave',
      'PACK_BELOW_FLOOR',
      'ROLLBACK',
      () => current(offer(0), { floor: { pack_seq: 2 }, rollback: node.repo.authorization(second, first) }),
    ],
    [
      'a pack below a floor that was lowered again, with leave',
      'PACK_BELOW_FLOOR',
      'ROLLBACK',
      async () => {
        current(second, { floor: { pack_seq: 2 } });
        await node.look();
        current(offer(0), { floor: { pack_seq: 0 }, rollback: node.repo.authorization(second, first) });
      },
    ],
    [
      'a way back to a revoked pack',
      'PACK_REVOKED',
      'ROLLBACK',
      () =>
        current(offer(0), { revoked_packs: [packIdOf(packs[0])], rollback: node.repo.authorization(second, first) }),
    ],
    ['leave of nobody', 'KEY_UNKNOWN', 'ROLLBACK', () => back({}, makeKey())],
    ['leave of another role of the tenant', 'KEY_UNKNOWN', 'ROLLBACK', () => back({}, node.repo.keys.release)],
    [
      'leave of the gatekeeper of another tenant',
      'KEY_UNKNOWN',
      'ROLLBACK',
      () => back({}, createChannelRepo('museum').keys.gatekeeper),
    ],
    ['leave for another tenant', 'ROLLBACK_UNAUTHORIZED', 'ROLLBACK', () => back({ tenant_id: 'museum' as never })],
    ['leave for another channel', 'ROLLBACK_UNAUTHORIZED', 'ROLLBACK', () => back({ channel: 'beta' })],
    ['leave for another pack', 'ROLLBACK_UNAUTHORIZED', 'ROLLBACK', () => back({ to: { ...second } as never })],
    [
      'leave about a release to come',
      'ROLLBACK_UNAUTHORIZED',
      'ROLLBACK',
      () => back({ from: { release_seq: 99, pack_seq: 2, pack_id: second.pack_id } }),
    ],
    [
      'leave that is over',
      'ROLLBACK_AUTHORIZATION_EXPIRED',
      'ROLLBACK',
      () => back({ expires_at: '2026-01-02T00:00:00.000Z' }),
    ],
    [
      'leave from the future',
      'ROLLBACK_UNAUTHORIZED',
      'ROLLBACK',
      () => back({ issued_at: '2097-01-01T00:00:00.000Z' }),
    ],
    ['an index of another channel', 'TARGET_NOT_FOR_CHANNEL', 'VERIFY', () => current(offer(2), { channel: 'beta' })],
    [
      'an index of another tenant',
      'TARGET_NOT_FOR_CHANNEL',
      'VERIFY',
      () => current(offer(2), { tenant_id: 'museum' as never }),
    ],
    [
      'an index of before under newer metadata',
      'METADATA_ROLLBACK',
      'VERIFY',
      () => current(offer(2), { index_seq: 1 }),
    ],
    ['an index that jumps ahead', 'FAST_FORWARD_SUSPECTED', 'VERIFY', () => current(offer(2), { index_seq: 2 ** 50 })],
    [
      'a release that jumps ahead',
      'FAST_FORWARD_SUSPECTED',
      'VERIFY',
      () => current(offer(2, { release_seq: 2 ** 50 })),
    ],
    [
      'an index with a member of its own',
      'METADATA_INVALID',
      'VERIFY',
      () => current(offer(2), { trust: 'me' } as never),
    ],
    [
      'an index with a pack id that is a path',
      'METADATA_INVALID',
      'VERIFY',
      () => current(offer(2, { pack_id: '../../x' })),
    ],
  ];
  test.each(cases)('%s: %s', async (_what, code, type, arrange) => {
    await arrange();
    node.road.reports.length = 0;
    await refusesOnce(code, type);
    // After a restart, and with the channel moved on, the floors are what they were.
    const state = await node.state();
    expect(state.floors.highest_activated_seq).toBe(2);
  });

  test('leave of the gatekeeper that a rotated trust root names is taken, and of the one it dropped no more', async () => {
    const old = node.repo.keys.gatekeeper;
    node.repo.keys.gatekeeper = makeKey();
    node.repo.writeTrust();
    current(second);
    await node.look();
    expect(node.lines.at(-1)).toMatchObject({ event: 'node.trust_renewed', version: 2 });
    back({}, old);
    node.road.reports.length = 0;
    await refusesOnce('KEY_UNKNOWN', 'ROLLBACK');
    back();
    expect(await node.look()).toMatchObject({ active: { pack_id: packIdOf(packs[0]) } });
  });

  test('a trust root that does not follow is not kept', async () => {
    node.repo.writeTrust(() => undefined, [makeKey()]);
    current(second);
    await node.look();
    expect(node.lines.at(-1)).toMatchObject({ event: 'node.trust_refused' });
    expect(fs.readdirSync(placesIn(node.dir).trust)).toEqual(['1.root.json']);
  });
});

describe('channel metadata', () => {
  const only = (name: string, bytes: Trick) => (): void => serve(new Map([[name, bytes]]));
  /** What is served in place of the second release's metadata, which the node has not seen. */
  const cases: [string, ReasonCode, () => void][] = [
    ['a timestamp past its expiry', 'METADATA_STALE', () => forge({ timestamp: expired })()],
    ['a snapshot past its expiry', 'METADATA_STALE', () => forge({ snapshot: expired })()],
    ['targets past their expiry', 'METADATA_STALE', () => forge({ targets: expired })()],
    ['a channel past its expiry', 'METADATA_STALE', () => forge({ stable: expired })()],
    ['a timestamp that is no JSON', 'METADATA_INVALID', only('metadata/timestamp.json', utf8('{'))],
    ['a timestamp without end', 'METADATA_INVALID', only('metadata/timestamp.json', 'endless')],
    [
      'a channel that is gone from the snapshot',
      'METADATA_INVALID',
      () => forge({ snapshot: (signed) => delete signed.meta['stable.json'] })(),
    ],
    [
      'an index without its manifest',
      'METADATA_INVALID',
      () => forge({ stable: (s) => delete s.targets[packManifestPath('stable', packIdOf(packs[1]))] })(),
    ],
    ['a next root by another key', 'METADATA_INVALID', () => node.repo.writeRoot(undefined, node.repo.keys.targets)],
    ['a next root that is no JSON', 'METADATA_INVALID', only('metadata/2.root.json', utf8('null'))],
  ];
  test.each(cases)('%s: %s', async (_what, code, arrange) => {
    await node.publish(packs[1]);
    arrange();
    await refusesOnce(code, 'VERIFY');
    await recovers();
  });

  /** With good metadata again, newer than what the node has meanwhile come to trust, the second release is taken. */
  async function recovers(): Promise<void> {
    node.road.clear();
    for (const name of node.repo.files.keys()) if (/metadata\/[2-9]\.root/.test(name)) node.repo.files.delete(name);
    node.repo.write();
    expect(await node.look()).toMatchObject({ active: { release_seq: 2, pack_id: packIdOf(packs[1]) } });
    expect(node.road.reports.at(-1)?.attempt.status).toBe('SUCCEEDED');
  }

  test.each(['timestamp', '2.snapshot', '2.targets', '2.stable'])(
    'a changed %s.json: METADATA_INVALID',
    async (name) => {
      await node.publish(packs[1]);
      // A node that has seen nothing takes every file from the road.
      fs.rmSync(placesIn(node.dir).tuf, { recursive: true });
      fs.mkdirSync(`${placesIn(node.dir).tuf}/metadata`, { recursive: true });
      const root = node.repo.read('metadata/1.root.json') as Uint8Array;
      fs.writeFileSync(`${placesIn(node.dir).tuf}/metadata/root.json`, root);
      const file = `metadata/${name}.json`;
      const text = Buffer.from(node.repo.read(file) as Uint8Array).toString();
      const changed = text.replace(/"expires":"20(\d\d)/, (_, year) => `"expires":"21${year}`);
      expect(changed).not.toBe(text);
      serve(new Map([[file, utf8(changed)]]));
      await refusesOnce('METADATA_INVALID', 'VERIFY');
      await recovers();
    },
  );

  test.each(['channel', 'pack-manifest'])('a %s other than the metadata says: METADATA_INVALID', async (what) => {
    const { pack_id } = await node.publish(packs[1]);
    node.road.trick = (path, bytes) =>
      path.startsWith('tuf/targets/') && path.includes(what) ? flipped(bytes ?? Buffer.alloc(0), 20) : undefined;
    await refusesOnce('METADATA_INVALID', 'VERIFY');
    expect(node.road.asked.join()).not.toContain(`packs/${pack_id}`);
    await recovers();
  });

  let before: Uint8Array;
  const older: [string, () => void][] = [
    ['the timestamp of before', () => serve(new Map([['metadata/timestamp.json', before]]))],
    [
      'a newer timestamp of the snapshot of before',
      () => forge({ timestamp: ({ meta }) => Object.assign(meta['snapshot.json'], { version: 1 }) })(),
    ],
    [
      'a newer snapshot of the channel of before',
      () => forge({ snapshot: ({ meta }) => Object.assign(meta['stable.json'], { version: 1 }) })(),
    ],
  ];
  test.each(older)('%s, to a node that has started again: METADATA_ROLLBACK', async (_what, arrange) => {
    before = node.repo.read('metadata/timestamp.json') as Uint8Array;
    await runs(packs[1]);
    arrange();
    await refusesOnce('METADATA_ROLLBACK', 'VERIFY');
  });

  test('by the next root of the tenant is followed, and by the keys that it dropped no more', async () => {
    node.repo.writeRoot((signed) => {
      // The new root gives the timestamp to another key: what the old one signs is no longer believed.
      signed.roles.timestamp.keyids = signed.roles.snapshot.keyids;
    });
    await node.publish(packs[1]);
    await refusesOnce('METADATA_INVALID', 'VERIFY');
    const kept = JSON.parse(fs.readFileSync(`${placesIn(node.dir).tuf}/metadata/root.json`, 'utf8'));
    expect(kept.signed.version).toBe(2);
  });

  test('of another tenant, whole and in order, is none', async () => {
    const other = createChannelRepo('museum');
    other.release(packs[1]);
    other.release(packs[2]);
    node.road.trick = (path) => (/tuf\/metadata\/[^1]/.test(path) ? (other.read(path.slice(4)) ?? null) : undefined);
    await refusesOnce('METADATA_INVALID', 'VERIFY');
  });

  test('that was refused and is good again has the active pack confirmed, once', async () => {
    forge({ timestamp: expired })();
    await refusesOnce('METADATA_STALE', 'VERIFY');
    node.repo.write();
    await node.look();
    await node.look();
    expect(node.road.reports.map(({ attempt, health }) => [attempt.type, attempt.status, health])).toEqual([
      ['VERIFY', 'FAILED', 'HEALTHY'],
      ['ACTIVATE', 'SUCCEEDED', 'HEALTHY'],
    ]);
    expect(await node.answer()).toEqual(answer);
  });

  test('that was refused and is good again finds an active pack that is damaged', async () => {
    forge({ timestamp: expired })();
    await node.look();
    node.repo.write();
    fs.appendFileSync(`${placesIn(node.dir).pack(packIdOf(packs[0]))}/meta/statistics.json`, ' ');
    const { attempts, active } = await node.look();
    expect(attempts.at(-1)).toMatchObject({ type: 'ACTIVATE', status: 'FAILED', reason_code: 'FILE_SIZE_MISMATCH' });
    expect(active?.pack_id).toBe(packIdOf(packs[0]));
    expect(await node.answer()).toMatchObject({ ok: false, code: 'FILE_SIZE_MISMATCH' });
  });
});

describe('a clock that is wrong', () => {
  const at = (time: string) => () => Date.parse(time);
  const until = (expires: string) => (signed: Signed) => Object.assign(signed, { expires });

  test('behind what was signed: what is over by that time is not fresh: CLOCK_UNTRUSTED', async () => {
    node.repo.issuedAt('2040-01-01T00:00:00Z');
    node.repo.write();
    await node.look();
    expect((await node.state()).time_floor).toBe('2040-01-01T00:00:00.000Z');
    // After a restart, with the clock as wrong as before and no word of the time in what is served.
    node.world.now = at('2030-01-01T00:00:00Z');
    node.repo.issuedAt(undefined);
    await node.publish(packs[1]);
    forge({ timestamp: until('2039-01-01T00:00:00Z') })();
    await refusesOnce('CLOCK_UNTRUSTED', 'VERIFY');
    node.repo.write();
    expect(await node.look()).toMatchObject({ active: { pack_id: packIdOf(packs[1]) } });
  });

  test('ahead: it finds metadata stale, holds what it has, and goes on once it is right', async () => {
    await node.publish(packs[1]);
    node.world.now = at('2100-01-01T00:00:00Z');
    await refusesOnce('METADATA_STALE', 'VERIFY');
    node.world.now = () => Date.now();
    expect(await node.look()).toMatchObject({ active: { pack_id: packIdOf(packs[1]) } });
  });

  test('behind what was signed: leave that is over by that time is over', async () => {
    const first = node.repo.index().current as Offer;
    await runs(packs[1]);
    const second = node.repo.index().current as Offer;
    node.repo.issuedAt('2040-01-01T00:00:00Z');
    const expires_at = '2039-01-01T00:00:00.000Z';
    node.repo.change({
      current: node.repo.offer(packs[0]),
      rollback: node.repo.authorization(second, first, { expires_at }),
    });
    await refusesOnce('ROLLBACK_AUTHORIZATION_EXPIRED', 'ROLLBACK');
  });
});

test('refused metadata does not make a refused release news again', async () => {
  await node.publish(packs[1]);
  serve(new Map([[`packs/${packIdOf(packs[1])}/meta/statistics.json`, null]]));
  await refusesOnce('FILE_MISSING', 'ACTIVATE');
  forge({ timestamp: expired })();
  await node.look();
  node.road.clear();
  node.repo.write();
  const after = await node.look();
  expect(node.road.asked.filter((path) => path.includes('packs/'))).toEqual([]);
  expect(after).toMatchObject({ active: { release_seq: 1 }, refused: [{ release_seq: 2 }] });
});

test('a node that runs nothing yet keeps refused metadata to its log', async () => {
  const fresh = await startNodeInstance();
  await fresh.join();
  await fresh.publish(packs[0]);
  fresh.repo.write({ timestamp: expired });
  expect(await fresh.look()).toMatchObject({ active: null, attempts: [] });
  expect(fresh.lines).toMatchObject([{ event: 'node.metadata_refused', error_code: 'METADATA_STALE' }]);
  expect(fresh.road.reports).toEqual([]);
  fresh.repo.write();
  expect(await fresh.look()).toMatchObject({ active: { pack_id: packIdOf(packs[0]) } });
  await fresh.stop();
});
