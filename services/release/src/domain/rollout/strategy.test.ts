import { describe, expect, it } from 'vitest';
import { statusOf } from '../view.ts';
import { opened, type World } from '../world-run.fixture.ts';

/** Everybody of a step confirms. */
function confirm(live: World, step = live.state.current): World {
  for (const [name, target] of [...live.targets])
    if (target.step === step && target.state !== 'OFFLINE_EXCLUDED') live.report(name, 'CONFIRMED');
  return live.look().calm();
}

const stateOf = (live: World, step = live.state.current) => live.state.runs[step]?.state;
const sizes = (live: World): number[] => live.state.steps.map(({ members }) => members);
const staged = (stages: object[], more: object = {}) => ({ strategy: { mode: 'staged', stages }, ...more });
const canary = { name: 'canary', cohort: { by: 'ids', ids: ['n1'] } };

describe('steps of each strategy', () => {
  it('all_at_once: one cohort of all', () => {
    const live = opened({}, 5);
    expect(live.state.steps.map(({ name, cohort }) => [name, cohort])).toEqual([['all', { by: 'all' }]]);
    expect(confirm(live).state.phase).toBe('RELEASED');
  });

  it('percentage: n percent, rounded up, and the rest when a person says so', () => {
    const live = opened({ strategy: { mode: 'percentage', percentage: 20 } }, 11);
    expect(sizes(live)).toEqual([3, 8]);
    confirm(live);
    expect([live.state.current, stateOf(live)]).toEqual([0, 'GATE']);
    live.person('promote').calm();
    expect([live.state.current, stateOf(live)]).toEqual([1, 'CONVERGING']);
    expect(confirm(live).state.phase).toBe('RELEASED');
  });

  it('staged: by ids, labels and percent in order, and a tail that takes the rest and whoever comes later', () => {
    const live = opened(staged([canary, { name: 'half', cohort: { by: 'percent', percent: 50 } }]), 10);
    expect(live.state.steps.map(({ name }) => name)).toEqual(['canary', 'half', 'all']);
    expect(live.state.steps.at(-1)?.enrolled_through).toBe(Number.MAX_SAFE_INTEGER);
    expect(sizes(live).reduce((a, b) => a + b)).toBe(10);
    live.report('late', 'PENDING');
    expect(live.targets.get('late')?.step).toBe(2);
    for (const step of [0, 1]) {
      expect(live.state.current).toBe(step);
      expect(live.channel.open).toBe(step + 1);
      confirm(live);
    }
    // The late one is waited for like everybody of the tail.
    for (const [name, { step }] of [...live.targets]) if (step === 2 && name !== 'late') live.report(name, 'CONFIRMED');
    expect(live.look().calm().state.phase).toBe('RELEASING');
    expect(confirm(live).state.phase).toBe('RELEASED');
  });

  it('pinned: all at once, and then the channel is asked to stay with it, on the word of who released it', () => {
    const asked = (live: World) =>
      live.sends.flatMap((send) => (send.send === 'job' && send.job === 'channel' ? [send.wish] : []));
    const live = opened({ strategy: { mode: 'pinned' } }, 2);
    expect(asked(live).map(({ op }) => op)).not.toContain('pin');
    confirm(live);
    expect(live.state.phase).toBe('RELEASED');
    expect(asked(live).at(-1)).toMatchObject({
      op: 'pin',
      pack_id: live.state.eligible?.pack_id,
      actor: 'ann@example.org',
      reason: 'for the test',
    });
    expect(asked(confirm(opened({}, 2))).map(({ op }) => op)).not.toContain('pin');
  });

  it('blue_green: everybody brings the pack first, then one switch for all', () => {
    const live = opened({ strategy: { mode: 'blue_green' } }, 3);
    expect(live.channel).toMatchObject({ place: 'candidate', open: 0 });
    for (const name of ['n1', 'n2', 'n3']) live.report(name, 'VERIFIED');
    live.look().calm();
    expect(live.channel.place).toBe('current');
    const wishes = live.sends.flatMap((send) => (send.send === 'job' && send.job === 'channel' ? [send.wish.op] : []));
    expect(wishes).toEqual(['offer', 'switch']);
    expect(confirm(live).state.phase).toBe('RELEASED');
  });

  it('the same plan for the same nodes gives the same step hashes, another generation gives others', () => {
    const hashes = (live: World) => live.state.steps.map(({ step_hash }) => step_hash);
    const plan = staged([{ name: 'tenth', cohort: { by: 'percent', percent: 10 } }]);
    expect(hashes(opened(plan, 30))).toEqual(hashes(opened(plan, 30)));
    expect(new Set([...hashes(opened(plan, 30)), ...hashes(opened(plan, 31))]).size).toBeGreaterThan(2);
  });
});

describe('seal before move', () => {
  it('asks the channel for a cohort only behind the sealed decision about that step', () => {
    const live = opened(staged([canary]), 3);
    live.report('n1', 'CONFIRMED').look();
    while (live.alarms.has('now')) live.look();
    expect([live.state.current, live.channel.open]).toEqual([1, 1]);
    expect(live.outstanding).toHaveLength(1);
    live.serve('FAIL', 'CHANNEL_FROZEN');
    expect(live.state).toMatchObject({ phase: 'PAUSED', reason_codes: ['CHANNEL_FROZEN'] });
    expect(live.calm().channel.open).toBe(1);
    live.person('resume').calm();
    expect(live.channel.open).toBe(2);
  });
});

describe('the soak', () => {
  const soaking = () => {
    const live = opened(staged([canary], { soak_ms: 60_000 }), 3).tick(5000);
    return live.report('n1', 'CONFIRMED').look().calm();
  };
  it('starts when the cohort is confirmed, not when it is opened', () => {
    const live = soaking();
    expect(live.state.runs[0]).toMatchObject({ state: 'SOAKING', confirmed_at: live.now });
    expect(live.tick(59_999).look().calm().state.current).toBe(0);
    expect(live.tick(1).look().calm().state.current).toBe(1);
  });
  it('starts again when the cohort falls below', () => {
    const live = soaking().tick(50_000);
    live.report('n1', 'DRIFTED').look().calm();
    expect(stateOf(live)).toBe('CONVERGING');
    live.report('n1', 'CONFIRMED').look().calm();
    expect(live.tick(59_999).look().calm().state.current).toBe(0);
    expect(live.tick(1).look().calm().state.current).toBe(1);
  });
  it('is cut short by a person, by name, and never without confirmed nodes', () => {
    const early = opened(staged([canary], { soak_ms: 60_000 }), 3).person('promote');
    expect(early.codes).toEqual(['STATE_CONFLICT']);
    const live = soaking().person('promote').calm();
    expect(live.state.current).toBe(1);
    expect(live.state.runs[0]?.promoted).toMatchObject({ actor: 'bob', reason: 'says so' });
  });
  it('promote --full asks no more for soak or word', () => {
    const live = soaking().person('promote-full').calm();
    for (const name of ['n2', 'n3']) live.report(name, 'CONFIRMED');
    expect(live.look().calm().state.phase).toBe('RELEASED');
  });
});

describe('nodes that say nothing', () => {
  it('are left out as far as the quorum goes, and the ledger says so', () => {
    const live = opened({ offline: { deadline_ms: 1000, quorum_percent: 50 } }, 4);
    for (const name of ['n1', 'n2', 'n3']) live.report(name, 'CONFIRMED');
    expect(live.look().calm().state.phase).toBe('RELEASING');
    live.tick(1000).look().calm();
    expect(live.state.phase).toBe('RELEASED');
    expect(live.targets.get('n4')?.state).toBe('OFFLINE_EXCLUDED');
  });
  it('are left out as soon as enough were heard, where the others took longer', () => {
    const live = opened({ offline: { deadline_ms: 1000, quorum_percent: 75 } }, 4).report('n1', 'CONFIRMED');
    live.tick(5000).report('n2', 'CONFIRMED').look().calm();
    expect(live.targets.get('n4')?.state).toBe('OFFERED');
    live.report('n3', 'CONFIRMED').look().calm();
    expect(live.state.phase).toBe('RELEASED');
    expect(live.targets.get('n4')?.state).toBe('OFFLINE_EXCLUDED');
  });
  it('pause it with QUORUM_NOT_MET where they are too many', () => {
    const live = opened({ offline: { deadline_ms: 1000, quorum_percent: 75 } }, 4);
    for (const name of ['n1', 'n2']) live.report(name, 'CONFIRMED');
    live.tick(700_000).look().calm();
    expect(live.state).toMatchObject({ phase: 'PAUSED', reason_codes: ['QUORUM_NOT_MET'] });
    expect(live.targets.get('n3')?.state).toBe('TIMED_OUT');
  });
  it('pause it with ACTIVATION_NOT_CONFIRMED where everybody is needed', () => {
    const live = opened({}, 2).report('n1', 'CONFIRMED');
    live.tick(700_000).look().calm();
    expect(live.state).toMatchObject({ phase: 'PAUSED', reason_codes: ['ACTIVATION_NOT_CONFIRMED'] });
    live.report('n2', 'CONFIRMED').person('resume').calm();
    expect(live.state.phase).toBe('RELEASED');
  });
  it('may not be all that there are: a channel of nobody waits for its first node', () => {
    const live = opened({}, 0);
    expect(live.tick(700_000).look().calm().state.phase).toBe('RELEASING');
    live.report('n1', 'CONFIRMED').look().calm();
    expect(live.state.phase).toBe('RELEASED');
  });
});

describe('what has to be before', () => {
  it('a release that requires another opens nothing until it is in service', () => {
    const waits = opened(staged([canary]), 2);
    waits.unmet = ['rel_x to be RELEASED'];
    waits.report('n1', 'CONFIRMED').look().calm();
    expect(waits.channel.open).toBe(1);
    waits.unmet = [];
    expect(waits.look().calm().channel.open).toBe(2);
  });
  it('a release that what it requires waits for fails, and says so', () => {
    const { state, channel } = opened(staged([canary]), 2, ['rel_y', 'rel_x']);
    expect(state).toMatchObject({ phase: 'FAILED', reason_codes: ['REQUIREMENT_CIRCULAR'] });
    expect(state.ending?.act.reason).toBe('rel_y, rel_x require one another');
    expect(channel.open).toBe(0);
  });
  it('a channel with no pack to go back to is not moved on, but by who says so', () => {
    const stranded = (plan: object): World => {
      const live = opened(staged([canary], plan), 2);
      live.stranded = true;
      return live.report('n1', 'CONFIRMED').look().calm();
    };
    const waits = stranded({});
    expect([waits.state.current, waits.channel.open]).toEqual([1, 1]);
    const { waiting_for } = statusOf(waits.state, waits.observed(), waits.now);
    expect(waiting_for).toContain('no_rollback_ack');
    waits.stranded = false;
    expect(waits.look().calm().channel.open).toBe(2);
    expect(stranded({ rollback: { no_rollback_ack: true } }).channel.open).toBe(2);
  });
  it('a frozen channel lets no cohort through, and the release goes on when it is thawed', () => {
    const live = opened(staged([canary]), 2);
    live.channel = { ...live.channel, frozen: true };
    live.published().report('n1', 'CONFIRMED').look().calm();
    expect(live.channel.open).toBe(1);
    live.channel = { ...live.channel, frozen: false };
    expect(live.published().calm().channel.open).toBe(2);
  });
});

describe('an end', () => {
  it('comes by its own deadline, and what was activated is brought back', () => {
    const live = opened({ deadlines: { release_ms: 60_000 } }, 2)
      .report('n1', 'CONFIRMED')
      .look()
      .calm();
    live.tick(60_000).look().calm();
    expect(live.state.reason_codes).toEqual(['RELEASE_DEADLINE_OVER']);
    live.report('n1', 'ROLLED_BACK').look().calm();
    expect(live.state).toMatchObject({ phase: 'ROLLED_BACK', ending: { trigger: 'deadline' } });
  });
  it('cannot be aborted, and an abort that comes twice is one', () => {
    const live = opened({}, 1).report('n1', 'CONFIRMED').look().calm().person('abort');
    expect(live.codes).toEqual(['NOTHING_TO_ABORT']);
    const twice = opened({}, 1).person('abort').person('abort').calm();
    expect([twice.state.phase, twice.types().filter((type) => type === 'ReleaseStopped').length]).toEqual([
      'CANCELED',
      1,
    ]);
  });
  it('an abort wins over a promotion and a resume that come with it', () => {
    const live = opened(staged([canary], { soak_ms: 60_000 }), 3)
      .report('n1', 'CONFIRMED')
      .look()
      .calm();
    live.person('abort').person('promote').person('resume').calm();
    expect(live.codes).toEqual(['STATE_CONFLICT', 'STATE_CONFLICT']);
    expect(live.report('n1', 'ROLLED_BACK').look().calm().state.phase).toBe('ROLLED_BACK');
    expect(live.types().filter((type) => type === 'StepAuthorized')).toHaveLength(1);
  });
  it('a word that was decided on an older version is refused, but for an abort', () => {
    const live = opened({}, 2);
    const stale = { version: live.state.version - 1 };
    expect(live.person('pause', stale).codes).toEqual(['STATE_CONFLICT']);
    expect(live.person('abort', stale).calm().state.phase).toBe('CANCELED');
  });
  it('the same request again is answered and not done again; its key for something else is refused', () => {
    const live = opened({}, 2);
    const request = { key: 'k1', digest: 'sha256:a' as const };
    live.person('pause', { request }).person('resume').person('pause', { request });
    expect(live.state.phase).toBe('RELEASING');
    live.person('abort', { request: { key: 'k1', digest: 'sha256:b' } });
    expect(live.codes).toEqual(['IDEMPOTENCY_KEY_REUSED']);
  });
});
