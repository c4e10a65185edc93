import type { RollbackClaim } from '@orgo/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Channel, changed, idOf, offer, on, packOf, preflighted, rollback, withdraw } from './channel.fixture.ts';
import { hasWayBack, isStranded, type RollbackTarget, type RollbackWanted, rollbackTarget } from './rollback-target.ts';
import type { ChannelState, PastOffer } from './state.ts';

const triggers: RollbackClaim['trigger'][] = ['analysis', 'integrity', 'deadline', 'operator', 'emergency', 'drill'];
const unfreeze = changed({ change: 'unfreeze', override: true });
const revoke = (pack: number) => changed({ change: 'revoke', pack_id: packOf(pack) });
const putAside = (pack: number) => changed({ change: 'quarantine', pack_id: packOf(pack) });
const floor = (pack_seq: number) => changed({ change: 'floor', pack_seq });
const three = (): Channel => new Channel().release(1).release(2).release(3);
/** 3 was rolled back to 2, and promotions go on. */
const wentBack = (): Channel => three().goBack(1).step(unfreeze);

type Wish = { mode: RollbackClaim['mode']; pack: number | null };
const lkg: Wish = { mode: 'last_known_good', pack: null };
const named = (pack: number): Wish => ({ mode: 'pinned', pack });

/** What happened, what is wished, and the one answer: a pack, or why nothing moves. */
const table: [string, Channel, Wish, number | string][] = [
  ['1, 2, 3 held', three(), lkg, 2],
  ['1, 2, 3 held; 1 is named', three(), named(1), 1],
  ['1, 2, 3 held; 4 in its canary', three().step(offer(4)), lkg, 3],
  [
    '1, 2 held; 3 runs everywhere and has not held',
    new Channel().release(1).release(2).step(offer(3), on('switch', 3)),
    lkg,
    2,
  ],
  ['1 held; 2 never did; 3 held', new Channel().release(1).step(offer(2), on('switch', 2)).release(3), lkg, 1],
  ['1 held; 2 was withdrawn; 3 held', new Channel().release(1).step(offer(2), withdraw(2)).release(3), lkg, 1],
  ['2 is revoked', three().step(revoke(2)), lkg, 1],
  ['2 is put aside', three().step(putAside(2)), lkg, 1],
  ['2 is revoked and named', three().step(revoke(2)), named(2), 'PACK_REVOKED'],
  ['1 and 2 are barred', three().step(revoke(2), putAside(1)), lkg, 'ROLLBACK_TARGET_MISSING'],
  ['the floor is at 2', three().step(floor(2)), lkg, 2],
  ['the floor is at 3', three().step(floor(3)), lkg, 'ROLLBACK_TARGET_MISSING'],
  ['the floor is at 3 and 2 is named', three().step(floor(3)), named(2), 'BELOW_SECURITY_FLOOR'],
  [
    'the floor is at 3 and 2 is pinned',
    three().step(changed({ change: 'pin', pack_id: packOf(2), until: null }), floor(3)),
    { mode: 'pinned', pack: null },
    'BELOW_SECURITY_FLOOR',
  ],
  ['3 went back to 2', wentBack(), lkg, 1],
  ['3 went back to 2; 4 held', wentBack().release(4), lkg, 2],
  ['3 went back to 2; 4 held; 2 is revoked: never 3 again', wentBack().release(4).step(revoke(2)), lkg, 1],
  [
    '3 went back to 2; its pack came again as 4, which went back too; 5 held',
    wentBack().release(4, 3).goBack(2, { reason: 'again' }).step(unfreeze).release(5),
    lkg,
    2,
  ],
  ['3 went back to 2; its pack came again as 4 and held; 5 held', wentBack().release(4, 3).release(5), lkg, 3],
  [
    '2 came again as 3, which went back to 1; 4 held; 1 is revoked',
    new Channel().release(1).release(2).release(3, 2).goBack(1).step(unfreeze).release(4).step(revoke(1)),
    lkg,
    'ROLLBACK_TARGET_MISSING',
  ],
  ['only 1 was ever released', new Channel().release(1), lkg, 'ROLLBACK_TARGET_MISSING'],
  ['1 in its canary, on a channel with nothing else', new Channel().step(offer(1)), lkg, 'ROLLBACK_TARGET_MISSING'],
  ['nothing was ever released', new Channel(), lkg, 'ROLLBACK_NEEDLESS'],
  ['what runs is named', three(), named(3), 'ROLLBACK_NEEDLESS'],
  ['what was never here is named', three(), named(9), 'ROLLBACK_TARGET_UNAUTHORIZED'],
];

const seen = (target: RollbackTarget): number | string => (target.ok ? Number(`0x${target.to.pack_id}`) : target.code);
const wanted = ({ mode, pack }: Wish): RollbackWanted => ({
  mode,
  pack_id: pack === null ? null : packOf(pack),
  release_id: null,
});

describe('a history of triggers has one target', () => {
  it.each(table)('%s', (_, { state }, wish, expected) => {
    const first = rollbackTarget(state, wanted(wish));
    expect(seen(first)).toBe(expected);
    expect(rollbackTarget(structuredClone(state), wanted(wish))).toEqual(first);
  });

  it('whoever asks: the trigger says who may, and not where to', () => {
    for (const [name, { state }, wish, expected] of table)
      for (const trigger of triggers) {
        const channel = new Channel();
        channel.state = state;
        channel.step(rollback(1, { trigger, mode: wish.mode, pack_id: wanted(wish).pack_id, reason: name }));
        const target = channel.state.rolling?.to.pack_id;
        expect([name, trigger, target ? Number(`0x${target}`) : channel.codes[0]]).toEqual([name, trigger, expected]);
      }
  });

  it('and a way back that there is not is kept with who asked, once', () => {
    const channel = three().step(floor(3), rollback(1, { actor: 'admin', mode: 'pinned', pack_id: packOf(1) }));
    channel.step(rollback(2, { actor: 'admin', mode: 'pinned', pack_id: packOf(1) }));
    expect(channel.codes).toEqual(['BELOW_SECURITY_FLOOR', 'BELOW_SECURITY_FLOOR']);
    expect(channel.state.rolling).toBeNull();
    expect(channel.state.asked).toMatchObject([
      { request_id: idOf('chg', 1), status: 'REFUSED', actor: 'admin', reason_codes: ['BELOW_SECURITY_FLOOR'] },
    ]);
  });
});

describe('whether a release has a way back', () => {
  const rollback = { mode: 'last_known_good' as const, pack_id: null };
  const fourth = { release_id: idOf('rel', 4), pack_id: packOf(4), rollback };
  it('is said before it is offered as a rollback of it finds it', () => {
    // 2 was left for 1, and 1 is revoked: 2 was confirmed, and is none to come back to.
    const left = new Channel().release(1).release(2).goBack(1).step(unfreeze, revoke(1));
    expect([hasWayBack(left.state, fourth), isStranded(left.state, fourth)]).toEqual([false, true]);
    expect(seen(rollbackTarget(left.step(offer(4)).state, wanted(lkg)))).toBe('ROLLBACK_TARGET_MISSING');
    expect(hasWayBack(left.state, fourth)).toBe(false);
    expect(isStranded(new Channel().state, fourth)).toBe(false);
  });
  it('follows the plan: a pack that it names and that cannot be gone back to is none', () => {
    const named = (pack: number) => ({ ...fourth, rollback: { mode: 'pinned' as const, pack_id: packOf(pack) } });
    expect([2, 9].map((pack) => isStranded(three().state, named(pack)))).toEqual([false, true]);
  });
});

/** Anything that a channel may live through, as the world throws it. */
const release = fc.integer({ min: 1, max: 7 });
const happening: fc.Arbitrary<(channel: Channel) => Channel> = fc.oneof(
  { weight: 8, arbitrary: fc.constant((c: Channel) => c.release(c.state.release_seq + 1)) },
  { weight: 2, arbitrary: release.map((n) => (c: Channel) => c.release(n)) },
  {
    weight: 2,
    arbitrary: fc.tuple(release, release).map(
      ([n, pack]) =>
        (c: Channel) =>
          c.step(offer(n, pack)),
    ),
  },
  { weight: 1, arbitrary: release.map((n) => (c: Channel) => c.step(on('switch', n))) },
  { weight: 1, arbitrary: release.map((n) => (c: Channel) => c.step(withdraw(n))) },
  { weight: 1, arbitrary: release.map((n) => (c: Channel) => c.step(revoke(n))) },
  { weight: 1, arbitrary: release.map((n) => (c: Channel) => c.step(putAside(n))) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }).map((n) => (c: Channel) => c.step(floor(n))) },
  { weight: 4, arbitrary: fc.constant((c: Channel) => c.step(unfreeze)) },
  {
    weight: 2,
    arbitrary: fc.nat(1000).map((n) => (c: Channel) => {
      const before = c.sends.length;
      c.step(rollback(n, { reason: `${n}` }));
      return c.sends.length === before ? c : granted(c, n);
    }),
  },
);
const granted = (channel: Channel, n: number): Channel => channel.goBack(n, { reason: `${n}` });

const wish: fc.Arbitrary<RollbackWanted> = fc.record({
  mode: fc.constantFrom('pinned' as const, 'last_known_good' as const),
  pack_id: fc.option(release.map(packOf)),
  release_id: fc.option(
    release.map((n) => idOf('rel', n)),
    { freq: 1 },
  ),
});

/** The rules of a target, one by one and without the code that finds it. */
const mayRun = ({ offers, revoked, quarantined, floor: { pack_seq } }: ChannelState, one: PastOffer): boolean =>
  one.confirmed_at !== null &&
  one.pack_seq >= pack_seq &&
  ![...revoked, ...quarantined].some(({ pack_id }) => pack_id === one.pack_id) &&
  !offers.some(
    (later) => later.pack_id === one.pack_id && later.release_seq >= one.release_seq && later.rolled_back_at,
  );

describe('whatever a channel lived through', () => {
  const lived = fc.array(happening, { maxLength: 24 }).map((all) => all.reduce((c, step) => step(c), new Channel()));

  it('its target is never revoked, put aside, below the floor, unproven or what it leads away from, and the newest such', () => {
    let found = 0;
    fc.assert(
      fc.property(lived, wish, ({ state }, wanted) => {
        const target = rollbackTarget(state, wanted);
        if (!target.ok) return;
        found++;
        const { from, to } = target;
        expect(mayRun(state, to)).toBe(true);
        expect(to.pack_id).not.toBe(from.pack_id);
        expect(to.pack_seq).toBeLessThan(from.pack_seq);
        const newer = state.offers.filter(
          (one) => mayRun(state, one) && one.pack_seq < from.pack_seq && one.release_seq < from.release_seq,
        );
        if (wanted.mode === 'last_known_good')
          expect(to.release_seq).toBe(Math.max(...newer.map(({ release_seq }) => release_seq)));
      }),
      { numRuns: 400 },
    );
    expect(found).toBeGreaterThan(40);
  });

  it('a release that is offered next has a way back exactly if a rollback of it finds one', () => {
    const next = 99;
    fc.assert(
      fc.property(lived, release, wish, ({ state }, pack, { mode, pack_id }) => {
        const channel = new Channel();
        channel.state = state;
        const of = { release_id: idOf('rel', next), pack_id: packOf(pack), rollback: { mode, pack_id } };
        const said = hasWayBack(state, of);
        channel.step(offer(next, pack));
        if (channel.codes.length > 0) return;
        expect(rollbackTarget(channel.state, { mode, pack_id, release_id: of.release_id }).ok).toBe(said);
        expect(hasWayBack(channel.state, of)).toBe(said);
      }),
      { numRuns: 300 },
    );
  });

  it('the same is found again, in whatever order its history is kept', () => {
    const shuffled = <T>(all: T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray(all, { minLength: all.length });
    const twice = lived.chain(({ state }) =>
      fc
        .record({
          offers: shuffled(state.offers),
          revoked: shuffled(state.revoked),
          quarantined: shuffled(state.quarantined),
        })
        .map((other) => [state, { ...state, ...other }] as const),
    );
    fc.assert(
      fc.property(twice, wish, ([state, other], wanted) => {
        const before = structuredClone(state);
        const target = rollbackTarget(state, wanted);
        expect(rollbackTarget(state, wanted)).toEqual(target);
        expect(rollbackTarget(other, wanted)).toMatchObject(target.ok ? target : { ok: false, code: target.code });
        expect(state).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('a rollback that was granted and is asked again moves nothing', () => {
    fc.assert(
      fc.property(lived, (channel) => {
        const asked = { reason: 'the very same' };
        channel.step(rollback(5000, asked));
        if (channel.state.rolling?.rollback_id !== idOf('chg', 5000)) return;
        channel.step(preflighted(5000));
        const { state } = channel.step(channel.answer('PASS'));
        channel.step(rollback(5001, asked), rollback(5002, asked));
        expect(channel.state).toEqual(state);
      }),
      { numRuns: 100 },
    );
  });
});
