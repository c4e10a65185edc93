import fs from 'node:fs';
import path from 'node:path';
import {
  type ChannelIndex,
  type Offer,
  payloadTypes,
  type ReasonCode,
  type RollbackAuthorization,
} from '@orgo/contracts';
import { canonicalBytes, utf8 } from '@orgo/core';
import { placesIn } from '@orgo/konnaxion-node';
import { type PackManifest, runtimePackId } from '@orgo/kristal';
import { beforeEach, describe, expect, test } from 'vitest';
import { createChannelRepo, makeKey } from '../kit/channel-repo.ts';
import { flipped, kristalIdOf, packIdOf, remade, type TestPack } from './konnaxion-node-packs.ts';
import type { Trick } from './konnaxion-node-road.ts';
import { besiege, node, packs, refusesOnce, runs, serve, takesTheNext } from './konnaxion-node-siege.ts';

// Whatever is said of a release, signed by the wrong keys or by the right ones: the node refuses it by its code and serves what it served.
besiege();

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

describe('a pack that is not on the disk what arrived', () => {
  const file = 'dict/statements.parquet';
  const cases: [string, ReasonCode, (folder: string) => void][] = [
    [
      'one bit flipped',
      'FILE_HASH_MISMATCH',
      (folder) => fs.writeFileSync(path.join(folder, file), flipped(packs[1].files.get(file) as Uint8Array, 77)),
    ],
    ['a file less', 'FILE_MISSING', (folder) => fs.rmSync(path.join(folder, file))],
    ['a file more', 'FILE_UNDECLARED', (folder) => fs.writeFileSync(path.join(folder, 'extra'), 'x')],
    ['a byte more', 'FILE_SIZE_MISMATCH', (folder) => fs.appendFileSync(path.join(folder, file), ' ')],
    ['a link more', 'FILE_UNDECLARED', (folder) => fs.symlinkSync('/etc/hostname', path.join(folder, 'link'))],
  ];
  test.each(cases)('%s: %s', async (_what, code, spoil) => {
    const { written } = node.world;
    node.world.written = spoil;
    await node.publish(packs[1]);
    await refusesOnce(code, 'ACTIVATE');
    node.world.written = written;
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
    [
      'leave of another role of the tenant',
      'KEY_NOT_TRUSTED_FOR_ROLE',
      'ROLLBACK',
      () => back({}, node.repo.keys.release),
    ],
    [
      'leave of the gatekeeper of another tenant',
      'KEY_UNKNOWN',
      'ROLLBACK',
      () => back({}, createChannelRepo('museum').keys.gatekeeper),
    ],
    [
      'leave that was changed after it was signed',
      'SIGNATURE_INVALID',
      'ROLLBACK',
      () => {
        const leave = node.repo.authorization(second, first);
        const said = Buffer.from(leave.payload, 'base64').toString().replace('for the test', 'for itself!!');
        current(offer(0), { rollback: { ...leave, payload: Buffer.from(said).toString('base64') } });
      },
    ],
    [
      'leave that was signed as something else',
      'PAYLOAD_TYPE_MISMATCH',
      'ROLLBACK',
      () => {
        const leave = node.repo.authorization(second, first);
        current(offer(0), { rollback: { ...leave, payloadType: payloadTypes.trustRoot } });
      },
    ],
    [
      'leave under a trust root that is over',
      'TRUST_ROOT_EXPIRED',
      'ROLLBACK',
      () => {
        node.repo.writeTrust((body) => Object.assign(body, { expires_at: '2040-01-01T00:00:00.000Z' }));
        node.world.now = () => Date.parse('2050-01-01T00:00:00Z');
        back();
      },
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
      'leave of an earlier way back, after a later release',
      'ROLLBACK_UNAUTHORIZED',
      'ROLLBACK',
      () => back({ from: { release_seq: 1, pack_seq: 2, pack_id: second.pack_id } }),
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
    await refusesOnce('KEY_REVOKED', 'ROLLBACK');
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
