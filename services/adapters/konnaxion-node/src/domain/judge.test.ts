import type { ChannelIndex, Offer, ReasonCode } from '@orgo/contracts';
import { ok, refuse } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  awaitsConfirmation,
  isFull,
  type Occasion,
  withActivation,
  withHeartbeat,
  withMetadataRefusal,
  withPrefetch,
  withRefusal,
  withReported,
  withRollbackBegun,
} from './attempts.ts';
import { isNews, planOf } from './choose.ts';
import { judgeIndex, withIndex } from './index-rules.ts';
import { judgeOffer } from './judge.ts';
import { keptPacks, withInstalled, withoutPacks } from './retention.ts';
import { initialState, lastAttempt, limits, type NodeState, nodeStateSchema, unreported } from './state.ts';

const release = (n: number): string => `rel_0198c0de-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
const pack = (n: number): string => n.toString(16).padStart(64, '0');
/** Release n of channel stable, under its own numbers, with its own pack; changed as a test likes. */
const offer = (n: number, more: Partial<Offer> = {}): Offer => ({
  release_id: release(n),
  release_seq: n,
  pack_seq: n,
  pack_id: pack(n),
  kristal_id: `sha256:${pack(n)}`,
  manifest: `sha256:${pack(n)}`,
  manifest_size: 1,
  ...more,
});
/** The pack of release `of`, offered again as release n. */
const again = (n: number, of: number): Offer =>
  offer(n, { pack_seq: of, pack_id: pack(of), kristal_id: `sha256:${pack(of)}` });
const at = '2026-11-20T12:00:00.000Z';
const measured: Omit<Occasion, 'offer'> = { at, health: 'HEALTHY', metrics: [] };
const on = (asked: Offer): Occasion => ({ ...measured, offer: asked });
const index = (n: number, more: Partial<ChannelIndex> = {}): ChannelIndex => ({
  v: 1,
  tenant_id: 'acme' as ChannelIndex['tenant_id'],
  channel: 'stable',
  index_seq: n,
  current: null,
  candidate: null,
  floor: { pack_seq: 0 },
  revoked_packs: [],
  frozen: false,
  rollback: null,
  ...more,
});
const member = { instance_id: 'n1', enrollment: 3, labels: { site: 'north' } };
const fresh = initialState('stable');
const activated = (...numbers: number[]): NodeState => numbers.reduce((s, n) => withActivation(s, on(offer(n))), fresh);
const said = (state: NodeState) => state.attempts.map((a) => [a.type, a.status, a.reason_code]);

describe('judgeOffer', () => {
  const refused = withRefusal(
    withIndex(activated(5), index(1, { current: offer(8) })),
    on(offer(8)),
    'ACTIVATE',
    'SMOKE_FAILED',
  );
  const revoked = withIndex(activated(4, 5), index(1, { revoked_packs: [pack(4), pack(7)] }));
  const raised = withIndex(activated(4, 5, 6), index(1, { floor: { pack_seq: 5 } }));
  const leave = ok(true) as ReturnType<typeof judgeOffer>;
  const no = refuse('ROLLBACK_UNAUTHORIZED', 'not this one');
  const cases: [string, NodeState, Offer, ReturnType<typeof judgeOffer> | null, ReasonCode | 'ok'][] = [
    ['the first release', fresh, offer(1), null, 'ok'],
    ['any first number', fresh, offer(700), null, 'ok'],
    ['the next number', activated(5), offer(6), null, 'ok'],
    ['the active release again', activated(5), offer(5), null, 'ok'],
    ['the active pack as a newer release', activated(5), again(6, 5), null, 'ok'],
    ['an older pack as a newer release', activated(4, 5), again(6, 4), null, 'DOWNGRADE_BLOCKED'],
    ['an older pack with leave', activated(4, 5), again(6, 4), leave, 'ok'],
    ['an older pack with leave for another', activated(4, 5), again(6, 4), no, 'ROLLBACK_UNAUTHORIZED'],
    ['a newer pack needs no leave, whatever it says', activated(4, 5), offer(6), no, 'ok'],
    ['a lower number that was active once', activated(4, 5), offer(4), null, 'DOWNGRADE_BLOCKED'],
    ['the active number with another pack', activated(5), offer(5, { pack_id: pack(9) }), null, 'RELEASE_SUBSTITUTED'],
    ['and leave makes it no other', activated(5), offer(5, { pack_id: pack(9) }), leave, 'RELEASE_SUBSTITUTED'],
    ['a refused number with another pack', refused, offer(8, { pack_id: pack(9) }), null, 'RELEASE_SUBSTITUTED'],
    ['a refused number with another pack number', refused, offer(8, { pack_seq: 9 }), null, 'RELEASE_SUBSTITUTED'],
    [
      'the active release id, another pack',
      activated(5),
      offer(6, { release_id: release(5) }),
      null,
      'RELEASE_SUBSTITUTED',
    ],
    [
      'the active release id, an older pack with leave',
      activated(4, 5),
      { ...again(6, 4), release_id: release(5) },
      leave,
      'ok',
    ],
    ['a revoked pack', revoked, offer(7), null, 'PACK_REVOKED'],
    ['a revoked pack with leave', revoked, again(8, 4), leave, 'PACK_REVOKED'],
    ['a pack below the floor with leave', raised, again(8, 4), leave, 'PACK_BELOW_FLOOR'],
    ['a pack at the floor with leave', raised, again(8, 5), leave, 'ok'],
    [
      'a pack below the floor on a node that ran nothing',
      withIndex(fresh, index(1, { floor: { pack_seq: 5 } })),
      offer(4),
      leave,
      'PACK_BELOW_FLOOR',
    ],
  ];
  it.each(cases)('%s', (_what, state, asked, given, verdict) => {
    const judged = judgeOffer(state, asked, given);
    expect(judged.ok ? 'ok' : judged.code).toBe(verdict);
  });
});

describe('judgeIndex', () => {
  const known = withIndex(fresh, index(7, { current: offer(5) }));
  const cases: [string, ChannelIndex, ReasonCode | 'ok'][] = [
    ['the next', index(8, { current: offer(6) }), 'ok'],
    ['the same again', index(7, { current: offer(5) }), 'ok'],
    ['one of before', index(6, { current: offer(5) }), 'METADATA_ROLLBACK'],
    ['another under the same number', index(7, { current: offer(6) }), 'METADATA_INVALID'],
    ['one of another channel', index(8, { channel: 'beta' }), 'TARGET_NOT_FOR_CHANNEL'],
    ['one of another tenant', index(8, { tenant_id: 'museum' as never }), 'TARGET_NOT_FOR_CHANNEL'],
    ['a number near the end of numbers', index(Number.MAX_SAFE_INTEGER), 'FAST_FORWARD_SUSPECTED'],
    ['a release near the end of numbers', index(8, { current: offer(2 ** 40) }), 'FAST_FORWARD_SUSPECTED'],
    ['a release as far as it may be', index(8, { current: offer(1005) }), 'ok'],
  ];
  it.each(cases)('%s', (_what, asked, verdict) => {
    const judged = judgeIndex(known, 'acme', asked);
    expect(judged.ok ? 'ok' : judged.code).toBe(verdict);
  });
  it('a first index may have any number', () => {
    expect(judgeIndex(fresh, 'acme', index(2 ** 50, { current: offer(2 ** 40) })).ok).toBe(true);
  });
});

describe('planOf', () => {
  const all = { selector: { by: 'all' as const }, enrolled_through: 3 };
  const candidate = (more: object = {}) => ({ offer: offer(6), cohorts: [all], prefetch: false, ...more });
  const running = activated(5);
  const plan = (state: NodeState, more: Partial<ChannelIndex>, who: typeof member | null = member) => {
    const made = planOf(state, index(9, { current: offer(5), ...more }), who);
    return made.do === 'nothing' ? 'nothing' : `${made.do} ${made.offer.release_seq}`;
  };
  it('takes the candidate where an open cohort takes the node', () => {
    expect(plan(running, { candidate: candidate() })).toBe('activate 6');
    expect(plan(running, { candidate: candidate({ cohorts: [] }) })).toBe('nothing');
    expect(plan(running, { candidate: candidate({ cohorts: [{ ...all, enrolled_through: 2 }] }) })).toBe('nothing');
    expect(plan(running, { candidate: candidate() }, null)).toBe('nothing');
    const labels = { by: 'labels' as const, labels: { site: 'south' } };
    expect(plan(running, { candidate: candidate({ cohorts: [{ ...all, selector: labels }] }) })).toBe('nothing');
  });
  it('begins nothing while the channel is frozen, and leaves nothing that was begun', () => {
    expect(plan(running, { frozen: true, candidate: candidate() })).toBe('nothing');
    expect(plan(activated(5, 6), { frozen: true, candidate: candidate({ cohorts: [] }) })).toBe('nothing');
    expect(plan(fresh, { frozen: true, candidate: candidate() })).toBe('activate 5');
  });
  it('brings what is to come after its own turn, once', () => {
    const ahead = { candidate: candidate({ cohorts: [], prefetch: true }) };
    expect(plan(fresh, ahead)).toBe('activate 5');
    expect(plan(running, ahead)).toBe('prefetch 6');
    expect(plan(withPrefetch(running, on(offer(6))), ahead)).toBe('nothing');
    expect(plan(withRefusal(running, on(offer(6)), 'PREFETCH', 'FILE_MISSING'), ahead)).toBe('nothing');
    expect(plan(withPrefetch(running, on(offer(6))), { candidate: candidate() })).toBe('activate 6');
  });
  it('confirms what serves once metadata is good again', () => {
    expect(plan(withMetadataRefusal(running, 'METADATA_STALE', measured), {})).toBe('confirm 5');
  });
});

describe('what is on record', () => {
  it('a rollback begins once, and ends without lowering what was seen', () => {
    const before = withIndex(activated(4, 5), index(9, { current: again(6, 4) }));
    const begun = withRollbackBegun(before, on(again(6, 4)));
    expect(withRollbackBegun(begun, on(again(6, 4)))).toBe(begun);
    const after = withActivation(begun, on(again(6, 4)));
    expect(said(after).slice(2)).toEqual([
      ['ROLLBACK', 'IN_PROGRESS', null],
      ['ROLLBACK', 'SUCCEEDED', null],
    ]);
    expect(after).toMatchObject({
      active: { pack_id: pack(4) },
      last_known_good: null,
      floors: { highest_activated_seq: 5, highest_seen_seq: 5 },
    });
    expect(withRollbackBegun(activated(5), on(offer(6))).attempts).toHaveLength(1);
  });
  it('goes back along what served, and not to what was left', () => {
    const after = withActivation(activated(1, 2, 3), on(again(4, 2)));
    expect(after.last_known_good?.pack_id).toBe(pack(1));
    expect(withActivation(after, on(offer(5))).last_known_good?.pack_id).toBe(pack(2));
  });
  it('refused metadata is said once, against what is active', () => {
    const stale = withMetadataRefusal(activated(5), 'METADATA_STALE', measured);
    expect(lastAttempt(stale)).toMatchObject({ offer: offer(5), type: 'VERIFY', status: 'FAILED' });
    expect(withMetadataRefusal(stale, 'METADATA_STALE', measured)).toBe(stale);
    expect(withMetadataRefusal(fresh, 'METADATA_STALE', measured)).toBe(fresh);
    expect([awaitsConfirmation(stale), awaitsConfirmation(withActivation(stale, on(offer(5))))]).toEqual([true, false]);
  });
  it('what was not said is not forgotten, heartbeats are', () => {
    let state = activated(1);
    for (let n = 0; n < 200; n++) state = withHeartbeat(state, measured);
    expect(state.attempts).toHaveLength(limits.attempts);
    expect(state.attempts[0]).toMatchObject({ number: 1, type: 'ACTIVATE', reported: false });
    expect([isFull(state), unreported(state).length]).toEqual([false, limits.attempts]);
    for (let n = 2; n < 100 && !isFull(state); n++) state = withActivation(state, on(offer(n)));
    expect(isFull(state)).toBe(true);
    expect(state.attempts.filter(({ type }) => type === 'ACTIVATE')).toHaveLength(limits.attempts - 3);
    expect(isFull(withReported(state, 1))).toBe(false);
  });
});

describe('retention', () => {
  it('keeps what is active, last known good, named by the channel, and some before', () => {
    const state = withIndex(
      activated(1, 2, 3, 4, 5),
      index(9, { current: offer(5), candidate: { offer: offer(9), cohorts: [], prefetch: false } }),
    );
    expect([...keptPacks(state, 1)].sort()).toEqual([pack(3), pack(4), pack(5), pack(9)]);
    expect([...keptPacks(state, 0)].sort()).toEqual([pack(4), pack(5), pack(9)]);
  });
  it('forgets what is gone, and knows a revoked pack as such', () => {
    const lies = { pack_id: pack(4), manifest: offer(4).manifest, installed_at: at, status: 'VERIFIED' as const };
    const state = withInstalled(withPrefetch(activated(4, 5), on(offer(6))), lies);
    const gone = withoutPacks(state, new Set([pack(4), pack(6)]));
    expect([gone.installed, gone.prior, gone.prefetched]).toEqual([[], [], []]);
    const revoked = withIndex(state, index(1, { revoked_packs: [pack(4)] }));
    expect(revoked.installed).toMatchObject([{ status: 'REVOKED' }]);
    expect(withInstalled(revoked, lies).installed).toMatchObject([{ status: 'REVOKED' }]);
  });
});

// A node's life: offers from a small world, so that numbers, ids and packs meet again.
const few = fc.integer({ min: 1, max: 6 });
const life = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('offer' as const),
      asked: fc
        .record({ id: few, seq: few, pack: few, packSeq: few })
        .map((t) => offer(t.seq, { release_id: release(t.id), pack_seq: t.packSeq, pack_id: pack(t.pack) })),
      sound: fc.boolean(),
      leave: fc.boolean(),
      floor: fc.integer({ min: 0, max: 3 }),
      revoked: fc.array(few.map(pack), { maxLength: 1 }),
    }),
    fc.record({
      type: fc.constant('metadata' as const),
      code: fc.constantFrom<ReasonCode[]>('METADATA_STALE', 'METADATA_ROLLBACK', 'METADATA_INVALID'),
    }),
    fc.record({ type: fc.constant('reported' as const) }),
    fc.record({ type: fc.constant('heartbeat' as const) }),
  ),
  { maxLength: 60 },
);
type Turn = { before: NodeState; after: NodeState; activated: Offer | null; leave: boolean };

/** Lives through turns as the shell drives them. */
function live(turns: typeof life extends fc.Arbitrary<infer T> ? T : never): Turn[] {
  let state = fresh;
  return turns.map((turn, n) => {
    const before = state;
    let done: Offer | null = null;
    if (turn.type === 'reported') state = withReported(state, lastAttempt(state)?.number ?? 0);
    else if (turn.type === 'heartbeat') state = withHeartbeat(state, measured);
    else if (turn.type === 'metadata') state = withMetadataRefusal(state, turn.code, measured);
    else {
      const { asked, floor, revoked } = turn;
      state = withIndex(state, index(n + 1, { current: asked, floor: { pack_seq: floor }, revoked_packs: revoked }));
      const judged = judgeOffer(state, asked, turn.leave ? ok(true) : null);
      if (isNews(state, asked)) {
        if (judged.ok && turn.sound) {
          state = withActivation(withRollbackBegun(state, on(asked)), on(asked));
          done = asked;
        } else state = withRefusal(state, on(asked), 'ACTIVATE', judged.ok ? 'SMOKE_FAILED' : judged.code);
      }
    }
    return { before, after: state, activated: done, leave: turn.type === 'offer' && turn.leave };
  });
}

describe('whatever a channel names, in whatever order', () => {
  const holds = (property: (turns: Turn[]) => void): void =>
    fc.assert(
      fc.property(life, (turns) => property(live(turns))),
      { numRuns: 400 },
    );

  it('no floor ever falls, and nothing below or revoked is activated', () =>
    holds((turns) => {
      for (const { before, after, activated: done, leave } of turns) {
        for (const name of ['pack_seq', 'highest_activated_seq', 'highest_seen_seq', 'release_seq'] as const)
          expect(after.floors[name]).toBeGreaterThanOrEqual(before.floors[name]);
        if (done === null) continue;
        expect(done.pack_seq).toBeGreaterThanOrEqual(after.floors.pack_seq);
        expect(after.revoked).not.toContain(done.pack_id);
        // Only leave makes it go below what it ever ran, but for what it runs already.
        if (done.pack_seq < before.floors.highest_activated_seq && done.pack_id !== before.active?.pack_id)
          expect(leave).toBe(true);
      }
    }));

  it('no number ever serves a second pack', () =>
    holds((turns) => {
      const packOf = new Map<string, string>();
      for (const { activated: done } of turns)
        for (const name of done ? [`seq ${done.release_seq}`, `pack ${done.pack_seq}`] : []) {
          expect(packOf.get(name) ?? done?.pack_id).toBe(done?.pack_id);
          packOf.set(name, done?.pack_id ?? '');
        }
    }));

  it('only an activation changes what serves, and then to what was asked for', () =>
    holds((turns) => {
      for (const { before, after, activated: done } of turns) {
        if (done) expect(after.active).toMatchObject(done);
        else expect([after.active, after.last_known_good]).toEqual([before.active, before.last_known_good]);
      }
    }));

  it('every activation and refusal is an attempt more, and what was decided is not news', () =>
    holds((turns) => {
      for (const { before, after, activated: done } of turns) {
        const more = (lastAttempt(after)?.number ?? 0) - (lastAttempt(before)?.number ?? 0);
        if (done) expect(more).toBeGreaterThanOrEqual(1);
        if (after.active) expect(isNews(after, after.active)).toBe(false);
        for (const refused of after.refused) expect(isNews(after, refused)).toBe(false);
      }
    }));

  it('the state is one that can be stored and read back', () =>
    holds((turns) => {
      for (const { after } of turns) expect(nodeStateSchema.parse(JSON.parse(JSON.stringify(after)))).toEqual(after);
    }));
});
