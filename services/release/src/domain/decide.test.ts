import { claimSchema, releaseStatusSchema } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { evolve } from './evolve.ts';
import type { ReleaseInput } from './inputs.ts';
import { initial } from './state.ts';
import { releaseTable } from './table.ts';
import { statusOf } from './view.ts';
import * as world from './world.fixture.ts';
import { opened, World } from './world-run.fixture.ts';

const { of, create, found, barred, pass, fail } = world;

/** A release that was walked to a phase. */
const at = {
  NEW: () => new World(),
  QUEUED: () => new World().step(create),
  VERIFYING: () => new World().step(create, found),
  VERIFIED: () => new World().step(create, found, pass()),
  RELEASING: () => opened({}, 2),
  PAUSED: () => opened({}, 2).person('pause'),
  RELEASED: () => opened({}, 2).report('n1', 'CONFIRMED').report('n2', 'CONFIRMED').look().calm(),
  FAILED: () => new World().step(create, barred),
  CANCELED: () => opened({}, 2).person('abort').calm(),
  ROLLED_BACK: () => {
    const live = opened({}, 2).report('n1', 'CONFIRMED').person('abort').calm();
    return live.report('n1', 'ROLLED_BACK').look().calm();
  },
} as const;

describe('every phase and every input', () => {
  const person = (action: 'promote' | 'pause' | 'resume' | 'abort'): ReleaseInput => ({
    type: 'person',
    ...of,
    action,
    actor: 'bob',
    reason: '',
    version: null,
    request: null,
  });
  const inputs: Record<string, ReleaseInput> = {
    create,
    found,
    barred,
    pass: pass(),
    fail,
    promote: person('promote'),
    pause: person('pause'),
    resume: person('resume'),
    abort: person('abort'),
    withdrew: { type: 'channel-withdrew', ...of },
    rolledBack: world.receipt(
      world.decision({
        kind: 'ROLLBACK',
        verdict: 'PASS',
        detail: { trigger: 'operator', to: { pack_id: 'd'.repeat(64) } },
      }),
    ),
    drilled: world.receipt(world.decision({ kind: 'ROLLBACK', verdict: 'PASS', detail: { trigger: 'drill' } })),
  };
  /** Where each input leads; what is not named leaves the phase. */
  const leads: Record<string, Record<string, string>> = {
    NEW: { create: 'QUEUED' },
    QUEUED: { found: 'VERIFYING', barred: 'FAILED', abort: 'CANCELED' },
    VERIFYING: { pass: 'VERIFIED', fail: 'FAILED', abort: 'CANCELED' },
    VERIFIED: { barred: 'PAUSED', pause: 'PAUSED', abort: 'PAUSED', rolledBack: 'PAUSED' },
    RELEASING: { barred: 'PAUSED', pause: 'PAUSED', abort: 'PAUSED', rolledBack: 'PAUSED' },
    PAUSED: { resume: 'RELEASING' },
    RELEASED: { rolledBack: 'ROLLED_BACK' },
  };
  for (const [phase, walk] of Object.entries(at))
    for (const [name, input] of Object.entries(inputs))
      it(`${phase} · ${name}`, () => {
        const live = walk();
        expect(live.state.phase).toBe(phase);
        const before = live.state;
        const outcome = decide(before, { ...input, now: live.now });
        if (phase === 'NEW' && name !== 'create') {
          expect(outcome).toMatchObject({ ok: false, code: 'RELEASE_NOT_FOUND' });
          return;
        }
        // Pure: the same again gives the same.
        expect(decide(before, { ...input, now: live.now })).toEqual(outcome);
        live.step(input);
        expect(live.illegal).toEqual([]);
        expect(live.state.phase).toBe(leads[phase]?.[name] ?? phase);
      });
});

describe('asking for a release', () => {
  const refused = (plan: object, nodes = 4) => {
    const asked = { ...world.asked, plan: world.planOf(plan) };
    const key = { tenant_id: of.tenant_id, id: of.release_id };
    const input: ReleaseInput = { type: 'create', asked, nodes: world.nodesOf(nodes) };
    return decide(initial(key), { ...input, now: world.noon });
  };
  it.each(['root', 'targets', 'snapshot', 'timestamp', 'mirrors', 'constructor'])(
    'refuses a channel called %s',
    (channel) => {
      const live = new World().step({ ...create, asked: { ...world.asked, channel } } as ReleaseInput);
      expect(live.codes).toEqual(['REQUEST_INVALID']);
    },
  );
  const metric = { name: 'smoke_failures', op: 'lte', threshold: 0 };
  const always = { days: ['mon'], from: '08:00', to: '08:00', zone: 'UTC' };
  it.each<[string, string, object, number?]>([
    [
      'a metric that is there twice',
      'ANALYSIS_INVALID',
      { analysis: { metrics: [metric, metric], interval_ms: 1000 } },
    ],
    [
      'a cohort that takes nobody',
      'COHORT_EMPTY',
      { strategy: { mode: 'staged', stages: [{ name: 'canary', cohort: { by: 'ids', ids: ['other'] } }] } },
    ],
    ['a percentage of no node', 'COHORT_EMPTY', { strategy: { mode: 'percentage', percentage: 10 } }, 0],
    ['a window that never opens', 'WINDOW_IMPOSSIBLE', { windows: [always] }],
    ['a zone that is none', 'WINDOW_IMPOSSIBLE', { windows: [{ ...always, to: '09:00', zone: 'Mars/Base' }] }],
    [
      'a freeze over its whole time',
      'WINDOW_IMPOSSIBLE',
      { freezes: [{ from: '2026-11-01T00:00:00.000Z', to: '2027-11-01T00:00:00.000Z', reason: 'x' }] },
    ],
    ['a pinned rollback to nothing', 'REQUEST_INVALID', { rollback: { mode: 'pinned' } }],
  ])('refuses %s with %s', (_, code, plan, nodes) => {
    expect(refused(plan, nodes)).toMatchObject({ ok: false, code });
  });
  it('has the evidence read next, once', () => {
    expect(
      at
        .QUEUED()
        .step(create)
        .sends.filter((send) => send.send === 'job'),
    ).toEqual([{ send: 'job', job: 'verify' }]);
  });
});

describe('verification', () => {
  it('asks the gatekeeper with the sealed record as evidence and the frozen steps', () => {
    const live = at.VERIFYING();
    const [sent] = live.sends.flatMap((send) => (send.send === 'claim' ? [send] : []));
    expect(claimSchema.parse(sent?.claim)).toMatchObject({
      claim: 'RELEASE',
      build_id: of.release_id,
      actor: 'ann@example.org',
      mandate_ref: world.eligible.mandate_ref,
      detail: {
        build_id: world.asked.build_id,
        channel: 'stable',
        pack_id: world.packId,
        steps: live.state.steps.map(({ step_hash }) => step_hash),
      },
    });
    expect(sent?.evidence).toEqual([world.evidence]);
  });
  it.each([
    ['for another release', pass({ build_id: 'rel_0198c0de-0000-7000-8000-00000000000f' })],
    ['for another stage', pass({ stage: 'validate' })],
    ['for another pack', pass({ inputs: [] })],
    ['that the decision does not list', pass({}, digestOf('another'))],
  ])('a PASS with an authorization %s offers nothing', (_, input) => {
    const live = at.VERIFYING().step(input).calm();
    expect(live.state).toMatchObject({ phase: 'FAILED', reason_codes: ['BUILD_NOT_ELIGIBLE'] });
    expect(live.channel.index_seq).toBe(0);
  });
});

describe('for a person', () => {
  it('every phase has a status that matches its contract, and says what it waits for while it can move', () => {
    for (const [phase, walk] of Object.entries(at)) {
      const live = walk();
      if (phase === 'NEW') continue;
      const shown = releaseStatusSchema.parse(statusOf(live.state, live.observed(), live.now));
      expect(shown.status).toBe(phase);
      expect(shown.events[0]).toMatchObject({ type: 'ReleaseCreated', actor: 'ann@example.org' });
      const isOver = ['RELEASED', 'FAILED', 'ROLLED_BACK', 'CANCELED'].includes(phase);
      expect(shown.waiting_for === null, phase).toBe(isOver);
      expect(shown.next_look_at === null, phase).toBe(isOver);
      // A terminal release has no deadline, every other one does.
      expect(live.alarms.size === 0, phase).toBe(isOver);
    }
  });
  it('folding all events gives the state', () => {
    for (const walk of Object.values(at)) {
      const { events, state } = walk();
      expect(events.reduce(evolve, initial({ tenant_id: of.tenant_id, id: of.release_id }))).toEqual(state);
    }
  });
  it('the table leads nowhere out of an end', () => {
    for (const phase of ['FAILED', 'ROLLED_BACK', 'CANCELED'] as const) expect(releaseTable[phase]).toEqual({});
  });
});

describe('a release that is paused before its channel offers it', () => {
  const asked = (frozen: boolean): World => {
    const live = at.VERIFIED();
    live.channel.frozen = frozen;
    return live.look();
  };

  it('has its place when the offer is out, and goes on from there', () => {
    const live = asked(false).person('pause').calm();
    expect(live.state).toMatchObject({ phase: 'PAUSED', place: { release_seq: 3 } });
    expect(live.person('resume').calm().channel).toMatchObject({ place: 'candidate', open: 1 });
    expect([live.state.phase, live.illegal]).toEqual(['RELEASING', []]);
  });

  it('is offered when it is resumed, where the channel could not before', () => {
    const live = asked(true).calm();
    expect(live.state.blocked).toMatchObject({ code: 'CHANNEL_FROZEN' });
    live.person('pause').channel.frozen = false;
    expect(live.person('resume').calm().channel).toMatchObject({ place: 'candidate', open: 1 });
    expect([live.state.phase, live.state.place?.release_seq, live.illegal]).toEqual(['RELEASING', 3, []]);
  });
});
