import { describe, expect, it } from 'vitest';
import { Channel, changed, offer, on, packOf } from './channel.fixture.ts';
import { type RollbackWanted, rollbackTarget } from './rollback-target.ts';

const lkg: RollbackWanted = { mode: 'last_known_good', pack_id: null, release_id: null };
const pinned = (pack: number | null): RollbackWanted => ({
  mode: 'pinned',
  pack_id: pack === null ? null : packOf(pack),
  release_id: null,
});
const three = (): Channel => new Channel().release(1).release(2).release(3);

describe('one history and one request give one target', () => {
  it.each<[string, Channel, RollbackWanted, number, number]>([
    ['the one before the current', three(), lkg, 3, 2],
    ['the current, from a candidate that fails in its canary', three().step(offer(4)), lkg, 4, 3],
    ['the newest that was confirmed', new Channel().release(1).step(offer(2), on('switch', 2)).release(3), lkg, 3, 1],
    [
      'the one before, where the newest is revoked',
      three().step(changed({ change: 'revoke', pack_id: packOf(2) })),
      lkg,
      3,
      1,
    ],
    [
      'the one before, where the newest is put aside',
      three().step(changed({ change: 'quarantine', pack_id: packOf(2) })),
      lkg,
      3,
      1,
    ],
    [
      'none that was rolled back before',
      three()
        .goBack(1)
        .step(changed({ change: 'unfreeze', override: true }))
        .release(4),
      lkg,
      4,
      2,
    ],
    ['the pack that is named', three(), pinned(1), 3, 1],
    [
      'the pack that the channel is pinned to',
      three().step(changed({ change: 'pin', pack_id: packOf(1), until: null })),
      pinned(null),
      3,
      1,
    ],
    [
      'the same pack released anew, under its own number',
      new Channel().release(1).release(2).release(3, 2).step(offer(4)),
      lkg,
      4,
      3,
    ],
  ])('%s', (_, { state }, wanted, from, to) => {
    const first = rollbackTarget(state, wanted);
    expect(first).toMatchObject({ ok: true, from: { release_id: expect.stringMatching(new RegExp(`${from}$`)) } });
    expect(first.ok && Number(`0x${first.to.release_id.slice(-12)}`)).toBe(to);
    expect(rollbackTarget(structuredClone(state), { ...wanted })).toEqual(first);
  });
});

describe('nothing moves, and the code says why', () => {
  const floor = (pack_seq: number) => changed({ change: 'floor', pack_seq });
  it.each<[string, Channel, RollbackWanted, string]>([
    [
      'nothing was ever confirmed',
      new Channel().step(offer(1), on('switch', 1), offer(2)),
      lkg,
      'ROLLBACK_TARGET_MISSING',
    ],
    ['the first release is all there is', new Channel().release(1), lkg, 'ROLLBACK_TARGET_MISSING'],
    ['every older pack is below the floor', three().step(floor(3)), lkg, 'ROLLBACK_TARGET_MISSING'],
    ['the named pack is below the floor', three().step(floor(3)), pinned(2), 'BELOW_SECURITY_FLOOR'],
    [
      'the named pack is revoked',
      three().step(changed({ change: 'revoke', pack_id: packOf(1) })),
      pinned(1),
      'PACK_REVOKED',
    ],
    ['the named pack was never here', three(), pinned(9), 'ROLLBACK_TARGET_UNAUTHORIZED'],
    [
      'the named pack was never confirmed',
      new Channel().step(offer(1), on('switch', 1)).release(2),
      pinned(1),
      'ROLLBACK_TARGET_UNAUTHORIZED',
    ],
    ['the named pack is what runs', three(), pinned(3), 'ROLLBACK_NEEDLESS'],
    ['no pack is named and none is pinned', three(), pinned(null), 'ROLLBACK_TARGET_MISSING'],
    ['the release is neither current nor on its way', three(), { ...lkg, release_id: 'rel_x' }, 'ROLLBACK_NEEDLESS'],
    ['the channel has never said anything', new Channel(), lkg, 'ROLLBACK_NEEDLESS'],
  ])('%s', (_, { state }, wanted, code) => {
    expect(rollbackTarget(state, wanted)).toMatchObject({ ok: false, code });
  });
});
