import type { ChannelTarget, ReasonCode } from '@orgo/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  awaitsConfirmation,
  isNews,
  judgeTarget,
  withActivation,
  withMetadataRefusal,
  withRefusal,
  withReported,
} from './judge.ts';
import { activeTarget, initialState, maxSeen, type NodeState, nodeStateSchema } from './state.ts';

const release = (n: number): string => `rel_0198c0de-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
const pack = (n: number): string => n.toString(16).padStart(64, '0');
/** Release n of channel stable, under its own number, with its own pack; changed as a test likes. */
const target = (n: number, more: Partial<ChannelTarget> = {}): ChannelTarget => ({
  release_id: release(n),
  release_seq: n,
  channel: 'stable',
  pack_id: pack(n),
  kristal_id: `sha256:${pack(n)}`,
  ...more,
});
const fresh = initialState('stable');
const activated = (...numbers: number[]): NodeState => numbers.reduce((s, n) => withActivation(s, target(n)), fresh);

describe('judgeTarget', () => {
  const refused = withRefusal(activated(5), target(8), 'SMOKE_FAILED');
  const cases: [string, NodeState, ChannelTarget, ReasonCode | 'ok'][] = [
    ['the first release', fresh, target(1), 'ok'],
    ['any first number', fresh, target(700), 'ok'],
    ['the next number', activated(5), target(6), 'ok'],
    ['a number with a gap before it', activated(5), target(60), 'ok'],
    ['the active release again', activated(5), target(5), 'ok'],
    ['an older pack under a newer number: a rollback', activated(4, 5), target(6, { pack_id: pack(4) }), 'ok'],
    ['another channel', activated(5), target(6, { channel: 'beta' }), 'TARGET_NOT_FOR_CHANNEL'],
    ['a lower number', activated(5), target(4), 'DOWNGRADE_BLOCKED'],
    ['a lower number that was active once', activated(4, 5), target(4), 'DOWNGRADE_BLOCKED'],
    ['a lower number after a refusal', refused, target(4), 'DOWNGRADE_BLOCKED'],
    ['the active number with another pack', activated(5), target(5, { pack_id: pack(9) }), 'RELEASE_SUBSTITUTED'],
    ['a refused number with another pack', refused, target(8, { pack_id: pack(9) }), 'RELEASE_SUBSTITUTED'],
    ['the refused number again', refused, target(8), 'ok'],
    [
      'the active release id with another pack under a new number',
      activated(5),
      target(6, { release_id: release(5) }),
      'RELEASE_SUBSTITUTED',
    ],
    ['a lower number with another pack', activated(4, 5), target(4, { pack_id: pack(9) }), 'RELEASE_SUBSTITUTED'],
    [
      'everything at once: the channel is named first',
      activated(5),
      target(4, { channel: 'beta', pack_id: pack(9) }),
      'TARGET_NOT_FOR_CHANNEL',
    ],
  ];
  it.each(cases)('%s', (_what, state, asked, verdict) => {
    const judged = judgeTarget(state, asked);
    expect(judged.ok ? 'ok' : judged.code).toBe(verdict);
  });
});

describe('isNews', () => {
  it.each([
    ['anything, to a fresh node', fresh, target(1), true],
    ['what is active', activated(5), target(5), false],
    ['what was refused', withRefusal(activated(5), target(6), 'FILE_MISSING'), target(6), false],
    [
      'what is active, after something else was refused',
      withRefusal(activated(5), target(6), 'FILE_MISSING'),
      target(5),
      false,
    ],
    ['a newer one than was refused', withRefusal(activated(5), target(6), 'FILE_MISSING'), target(7), true],
    ['the active pack as a newer release', activated(5), target(6, { pack_id: pack(5) }), true],
    ['the active number with another pack', activated(5), target(5, { pack_id: pack(9) }), true],
    [
      'what was refused, after metadata was',
      withMetadataRefusal(withRefusal(activated(5), target(6), 'FILE_MISSING'), 'METADATA_STALE'),
      target(6),
      false,
    ],
  ])('%s', (_what, state, asked, news) => {
    expect(isNews(state, asked)).toBe(news);
  });
});

describe('withActivation', () => {
  it('moves pointer, floors and last known good in one value', () => {
    expect(activated(5, 7)).toEqual({
      v: 1,
      channel: 'stable',
      active: { release_id: release(7), release_seq: 7, pack_id: pack(7), kristal_id: `sha256:${pack(7)}` },
      last_known_good: { release_id: release(5), release_seq: 5, pack_id: pack(5) },
      refused: null,
      highest_activated_seq: 7,
      highest_seen_seq: 7,
      seen: [
        { release_id: release(5), release_seq: 5, pack_id: pack(5) },
        { release_id: release(7), release_seq: 7, pack_id: pack(7) },
      ],
      last_attempt: { target: target(7), type: 'ACTIVATE', status: 'SUCCEEDED', reason_code: null, reported: false },
    });
  });
  it('keeps the last known good where the pack stays', () => {
    const again = withActivation(activated(5, 7), target(8, { pack_id: pack(7) }));
    expect([again.active?.release_seq, again.last_known_good?.pack_id]).toEqual([8, pack(5)]);
  });
  it('forgets what was refused before, unless it only confirms what is active', () => {
    const refused = withRefusal(activated(5), target(6), 'FILE_MISSING');
    expect(withActivation(refused, target(7)).refused).toBeNull();
    expect(withActivation(refused, target(5)).refused).toMatchObject({ release_seq: 6 });
  });
});

describe('withRefusal', () => {
  it('changes nothing that serves', () => {
    const before = activated(5, 7);
    const { active, last_known_good, highest_activated_seq, ...rest } = withRefusal(before, target(9), 'SMOKE_FAILED');
    expect({ active, last_known_good, highest_activated_seq }).toEqual({
      active: before.active,
      last_known_good: before.last_known_good,
      highest_activated_seq: 7,
    });
    expect(rest).toMatchObject({
      refused: { release_seq: 9 },
      highest_seen_seq: 9,
      last_attempt: { type: 'ACTIVATE', status: 'FAILED', reason_code: 'SMOKE_FAILED', reported: false },
    });
  });
  it('learns no number of another channel', () => {
    const after = withRefusal(activated(5), target(9, { channel: 'beta' }), 'TARGET_NOT_FOR_CHANNEL');
    expect([after.highest_seen_seq, after.seen.length]).toEqual([5, 1]);
  });
});

describe('withMetadataRefusal', () => {
  it('is on record once, against what is active', () => {
    const stale = withMetadataRefusal(activated(5), 'METADATA_STALE');
    expect(stale.last_attempt).toMatchObject({ target: target(5), type: 'VERIFY', status: 'FAILED', reported: false });
    expect(withMetadataRefusal(stale, 'METADATA_STALE')).toBe(stale);
    expect(withMetadataRefusal(withReported(stale), 'METADATA_INVALID').last_attempt).toMatchObject({
      reason_code: 'METADATA_INVALID',
      reported: false,
    });
  });
  it('says nothing where nothing is active', () => {
    expect(withMetadataRefusal(fresh, 'METADATA_STALE')).toBe(fresh);
  });
  it('asks for the active pack to be confirmed, and an activation is that', () => {
    const stale = withMetadataRefusal(activated(5), 'METADATA_STALE');
    expect([awaitsConfirmation(activated(5)), awaitsConfirmation(stale)]).toEqual([false, true]);
    const active = activeTarget(stale) as ChannelTarget;
    expect(judgeTarget(stale, active).ok).toBe(true);
    expect(awaitsConfirmation(withActivation(stale, active))).toBe(false);
  });
});

// A node's life: targets from a small world, so that numbers, ids and packs meet again; each is judged and then activated or refused,
// and now and then the metadata itself is refused.
const few = fc.integer({ min: 1, max: 6 });
const life = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('target' as const),
      asked: fc
        .record({ id: few, seq: few, pack: few, channel: fc.constantFrom('stable', 'stable', 'stable', 'beta') })
        .map((t) => target(t.seq, { release_id: release(t.id), pack_id: pack(t.pack), channel: t.channel })),
      sound: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('metadata' as const),
      code: fc.constantFrom<ReasonCode[]>('METADATA_STALE', 'METADATA_ROLLBACK', 'METADATA_INVALID'),
    }),
    fc.record({ type: fc.constant('reported' as const) }),
  ),
  { maxLength: 60 },
);
type Turn = { before: NodeState; after: NodeState; activated: ChannelTarget | null };

/** Lives through turns as the shell drives them. */
function live(turns: typeof life extends fc.Arbitrary<infer T> ? T : never): Turn[] {
  let state = fresh;
  return turns.map((turn) => {
    const before = state;
    let done: ChannelTarget | null = null;
    if (turn.type === 'reported') state = withReported(state);
    else if (turn.type === 'metadata') state = withMetadataRefusal(state, turn.code);
    else if (isNews(state, turn.asked)) {
      const judged = judgeTarget(state, turn.asked);
      if (judged.ok && turn.sound) {
        state = withActivation(state, turn.asked);
        done = turn.asked;
      } else state = withRefusal(state, turn.asked, judged.ok ? 'SMOKE_FAILED' : judged.code);
    }
    return { before, after: state, activated: done };
  });
}

describe('whatever a channel names, in whatever order', () => {
  const holds = (property: (turns: Turn[]) => void): void =>
    fc.assert(
      fc.property(life, (turns) => property(live(turns))),
      { numRuns: 500 },
    );

  it('the floors never fall, and the active number is the highest activated', () =>
    holds((turns) => {
      for (const { before, after } of turns) {
        expect(after.highest_activated_seq).toBeGreaterThanOrEqual(before.highest_activated_seq);
        expect(after.highest_seen_seq).toBeGreaterThanOrEqual(before.highest_seen_seq);
        expect(after.highest_seen_seq).toBeGreaterThanOrEqual(after.highest_activated_seq);
        expect(after.active?.release_seq ?? 0).toBe(after.highest_activated_seq);
      }
    }));

  it('no number and no release ever serves a second pack', () =>
    holds((turns) => {
      const packOf = new Map<string, string>();
      for (const { activated: done } of turns)
        for (const name of done ? [`seq ${done.release_seq}`, done.release_id] : []) {
          expect(packOf.get(name) ?? done?.pack_id).toBe(done?.pack_id);
          packOf.set(name, done?.pack_id ?? '');
        }
    }));

  it('only an activation changes what serves, and then to what was asked for', () =>
    holds((turns) => {
      for (const { before, after, activated: done } of turns) {
        if (done) expect(activeTarget(after)).toEqual(done);
        else expect([after.active, after.last_known_good]).toEqual([before.active, before.last_known_good]);
      }
    }));

  it('what was decided is not news', () =>
    holds((turns) => {
      for (const { after } of turns) {
        const active = activeTarget(after);
        expect(active && isNews(after, active)).not.toBe(true);
      }
    }));

  it('the active target can be confirmed at any time', () =>
    holds((turns) => {
      for (const { after } of turns) {
        const active = activeTarget(after);
        if (active) expect(judgeTarget(after, active).ok).toBe(true);
      }
    }));

  it('the state is one that can be stored and read back', () =>
    holds((turns) => {
      for (const { after } of turns) expect(nodeStateSchema.parse(JSON.parse(JSON.stringify(after)))).toEqual(after);
    }));

  it('a long life is remembered by its newest numbers', () => {
    const old = activated(...Array.from({ length: maxSeen + 40 }, (_, n) => n + 1));
    expect(nodeStateSchema.parse(old).seen).toHaveLength(maxSeen);
    expect(judgeTarget(old, target(maxSeen + 40, { pack_id: pack(9) }))).toMatchObject({ code: 'RELEASE_SUBSTITUTED' });
    expect(judgeTarget(old, target(1, { pack_id: pack(9) }))).toMatchObject({ code: 'DOWNGRADE_BLOCKED' });
  });
});
