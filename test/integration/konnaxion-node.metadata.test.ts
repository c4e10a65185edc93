import fs from 'node:fs';
import { type Offer, packManifestPath, type ReasonCode } from '@orgo/contracts';
import { canonicalBytes, utf8 } from '@orgo/core';
import { placesIn } from '@orgo/konnaxion-node';
import { describe, expect, test } from 'vitest';
import { createChannelRepo, makeKey, type Signed, type TestKey } from '../kit/channel-repo.ts';
import { startNodeInstance } from './konnaxion-node-instance.ts';
import { flipped, packIdOf } from './konnaxion-node-packs.ts';
import type { Trick } from './konnaxion-node-road.ts';
import { answer, besiege, expired, forge, node, packs, refusesOnce, runs, serve } from './konnaxion-node-siege.ts';

// Channel metadata and clocks: what does not follow from what the node knows is refused by its code, and the node serves what it served.
besiege();

describe('channel metadata', () => {
  const only = (name: string, bytes: Trick) => (): void => serve(new Map([[name, bytes]]));
  /** Serves a file with the signatures of these keys instead of its own. */
  const resign = (name: string, ...keys: TestKey[]): void => {
    const { signed } = JSON.parse(Buffer.from(node.repo.read(name) as Uint8Array).toString());
    const bytes = canonicalBytes(signed);
    const signatures = keys.map((key) => ({ keyid: key.tufId, sig: Buffer.from(key.sign(bytes)).toString('hex') }));
    serve(new Map([[name, canonicalBytes({ signed, signatures })]]));
  };
  const rootOfStrangers = (): void => {
    const key = makeKey();
    node.repo.writeRoot((signed) => {
      signed.keys[key.tufId] = key.tuf;
      signed.roles.root.keyids = [key.tufId];
    }, key);
  };
  const twoMustSign = (): void => {
    node.repo.writeRoot((signed) => {
      const { timestamp, snapshot } = node.repo.keys;
      signed.roles.timestamp = { keyids: [timestamp.tufId, snapshot.tufId], threshold: 2 };
    });
  };
  /** The list of channels names the channel's own key, and another one signed. */
  const channelOfStrangers = (): void => {
    const { release } = node.repo.keys;
    node.repo.keys.release = makeKey();
    forge({
      targets: ({ delegations }) => {
        delegations.keys = { [release.tufId]: release.tuf };
        delegations.roles[0].keyids = [release.tufId];
      },
    })();
    node.repo.keys.release = release;
  };
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
      () => forge({ snapshot: (signed) => delete signed.meta['channel.stable.json'] })(),
    ],
    [
      'an index without its manifest',
      'METADATA_INVALID',
      () => forge({ stable: (s) => delete s.targets[packManifestPath('stable', packIdOf(packs[1]))] })(),
    ],
    [
      'a next root by another key',
      'ROOT_CONTINUITY_FAILED',
      () => node.repo.writeRoot(undefined, node.repo.keys.targets),
    ],
    ['a next root by its own keys alone', 'ROOT_CONTINUITY_FAILED', () => rootOfStrangers()],
    [
      'a root that is not the next',
      'ROOT_VERSION_GAP',
      () => node.repo.writeRoot((s) => Object.assign(s, { version: 3 })),
    ],
    ['a timestamp by nobody', 'SIGNATURE_MISSING', () => resign('metadata/timestamp.json')],
    ['a timestamp by a key of nobody', 'KEY_UNKNOWN', () => resign('metadata/timestamp.json', makeKey())],
    [
      'a timestamp by another tenant',
      'KEY_UNKNOWN',
      () => resign('metadata/timestamp.json', createChannelRepo('museum').keys.timestamp),
    ],
    [
      'a timestamp by the key of another role',
      'KEY_NOT_TRUSTED_FOR_ROLE',
      () => resign('metadata/timestamp.json', node.repo.keys.snapshot),
    ],
    [
      'a timestamp by the key of a role that no channel file has',
      'KEY_NOT_TRUSTED_FOR_ROLE',
      () => resign('metadata/timestamp.json', node.repo.keys.gatekeeper),
    ],
    ['a channel by a key of nobody', 'KEY_UNKNOWN', () => channelOfStrangers()],
    ['a next root that is no JSON', 'METADATA_INVALID', only('metadata/2.root.json', utf8('null'))],
  ];
  test.each(cases)('%s: %s', async (_what, code, arrange) => {
    await node.publish(packs[1]);
    arrange();
    await refusesOnce(code, 'VERIFY');
    await recovers();
  });

  test.each<[string, ReasonCode, () => void]>([
    ['a root past its expiry', 'TRUST_ROOT_EXPIRED', () => node.repo.writeRoot(expired)],
    ['a timestamp by one of two keys that must sign', 'THRESHOLD_NOT_MET', twoMustSign],
  ])('%s: %s, until the next root', async (_what, code, arrange) => {
    await node.publish(packs[1]);
    arrange();
    await refusesOnce(code, 'VERIFY');
    node.repo.writeRoot();
    node.repo.write();
    expect(await node.look()).toMatchObject({ active: { pack_id: packIdOf(packs[1]) } });
  });

  /** With good metadata again, newer than what the node has meanwhile come to trust, the second release is taken. */
  async function recovers(): Promise<void> {
    node.road.clear();
    for (const name of node.repo.files.keys()) if (/metadata\/[2-9]\.root/.test(name)) node.repo.files.delete(name);
    node.repo.write();
    expect(await node.look()).toMatchObject({ active: { release_seq: 2, pack_id: packIdOf(packs[1]) } });
    expect(node.road.reports.at(-1)?.attempt.status).toBe('SUCCEEDED');
  }

  test.each<[string, ReasonCode]>([
    ['timestamp', 'SIGNATURE_INVALID'],
    ['2.snapshot', 'SNAPSHOT_MISMATCH'],
    ['2.targets', 'SNAPSHOT_MISMATCH'],
    ['2.channel.stable', 'SNAPSHOT_MISMATCH'],
  ])('a changed %s.json: %s', async (name, code) => {
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
    await refusesOnce(code, 'VERIFY');
    await recovers();
  });

  test.each(['channel', 'pack-manifest'])('a %s other than the metadata says: METADATA_INVALID', async (what) => {
    const { pack_id } = await node.publish(packs[1]);
    node.road.trick = (path, bytes) =>
      path.startsWith('tuf/targets/') && path.includes(what) ? flipped(bytes ?? Buffer.alloc(0), 20) : undefined;
    await refusesOnce('METADATA_INVALID', 'VERIFY');
    expect(node.road.asked.join()).not.toContain(`packs/${pack_id}`);
    await recovers();
  });

  test.each([
    ['snapshot', 'timestamp'],
    ['channel.stable', 'snapshot'],
    ['targets', 'snapshot'],
  ])('a %s of before under the %s of now: SNAPSHOT_MISMATCH', async (name) => {
    await node.publish(packs[1]);
    serve(new Map([[`metadata/2.${name}.json`, node.repo.read(`metadata/1.${name}.json`)]]));
    await refusesOnce('SNAPSHOT_MISMATCH', 'VERIFY');
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
      () => forge({ snapshot: ({ meta }) => Object.assign(meta['channel.stable.json'], { version: 1 }) })(),
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
    await refusesOnce('KEY_REVOKED', 'VERIFY');
    const kept = JSON.parse(fs.readFileSync(`${placesIn(node.dir).tuf}/metadata/root.json`, 'utf8'));
    expect(kept.signed.version).toBe(2);
  });

  test('of another tenant, whole and in order, is none', async () => {
    const other = createChannelRepo('museum');
    other.release(packs[1]);
    other.release(packs[2]);
    node.road.trick = (path) => (/tuf\/metadata\/[^1]/.test(path) ? (other.read(path.slice(4)) ?? null) : undefined);
    await refusesOnce('KEY_UNKNOWN', 'VERIFY');
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

describe('a look', () => {
  test('that outlasts the metadata is finished, and the next one finds it stale', async () => {
    const { release_seq } = await node.publish(packs[1]);
    forge({ timestamp: (signed) => Object.assign(signed, { expires: '2040-01-01T00:00:00Z' }) })();
    node.world.now = () => Date.parse('2039-12-31T23:59:59Z');
    // Over after the timestamp came, before anything that it names.
    node.road.trick = (path) => {
      if (path.includes('snapshot.json')) node.world.now = () => Date.parse('2040-01-01T00:00:01Z');
      return undefined;
    };
    expect(await node.look()).toMatchObject({ active: { release_seq, pack_id: packIdOf(packs[1]) } });
    expect(node.world.now()).toBe(Date.parse('2040-01-01T00:00:01Z'));
    const { active, attempts } = await node.look();
    expect(attempts.at(-1)).toMatchObject({ type: 'VERIFY', status: 'FAILED', reason_code: 'METADATA_STALE' });
    expect(active?.pack_id).toBe(packIdOf(packs[1]));
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
