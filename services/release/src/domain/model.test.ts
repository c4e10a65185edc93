import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ReleaseEvent } from './events.ts';
import { confirmedOf, neededOf } from './rollout/counts.ts';
import { opened, type World } from './world-run.fixture.ts';

const nodes = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
const plans: object[] = [
  {},
  { strategy: { mode: 'percentage', percentage: 20 } },
  {
    strategy: {
      mode: 'staged',
      stages: [
        { name: 'canary', cohort: { by: 'ids', ids: ['n1'] } },
        { name: 'half', cohort: { by: 'percent', percent: 50 } },
      ],
    },
    soak_ms: 60_000,
    confirm_threshold: 60,
    offline: { deadline_ms: 120_000, quorum_percent: 50 },
    analysis: { metrics: [{ name: 'smoke_failures', op: 'lte', threshold: 0 }], interval_ms: 10_000 },
  },
  { strategy: { mode: 'blue_green' }, soak_ms: 1000, on_failure: 'pause' },
];

type Plain = 'look' | 'again' | 'calm' | 'publish' | 'freeze' | 'unfreeze' | 'loseTheWayBack';
type Move =
  | { do: 'serve'; verdict: 'PASS' | 'FAIL' }
  | { do: Plain }
  | { do: 'tick'; ms: number }
  | { do: 'person'; action: 'promote' | 'promote-full' | 'pause' | 'resume' | 'abort'; stale: boolean }
  | { do: 'report'; node: string; said: 'CONFIRMED' | 'VERIFIED' | 'FAILED' | 'DRIFTED' | 'ROLLED_BACK'; bad: boolean };

const of = <T extends Move>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Move> => arbitrary;
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: of(
        fc.record({
          do: fc.constant('serve' as const),
          verdict: fc.constantFrom<'PASS' | 'FAIL'>('PASS', 'PASS', 'PASS', 'PASS', 'FAIL'),
        }),
      ),
    },
    {
      weight: 6,
      arbitrary: of(
        fc.record({
          do: fc.constantFrom<Plain>(
            'look',
            'look',
            'again',
            'calm',
            'publish',
            'freeze',
            'unfreeze',
            'loseTheWayBack',
          ),
        }),
      ),
    },
    {
      weight: 3,
      arbitrary: of(
        fc.record({ do: fc.constant('tick' as const), ms: fc.constantFrom(1000, 60_000, 130_000, 700_000) }),
      ),
    },
    {
      weight: 2,
      arbitrary: of(
        fc.record({
          do: fc.constant('person' as const),
          action: fc.constantFrom<(Move & { do: 'person' })['action']>(
            'promote',
            'promote',
            'promote-full',
            'pause',
            'resume',
            'resume',
            'abort',
          ),
          stale: fc.boolean(),
        }),
      ),
    },
    {
      weight: 8,
      arbitrary: of(
        fc.record({
          do: fc.constant('report' as const),
          node: fc.constantFrom(...nodes),
          said: fc.constantFrom<(Move & { do: 'report' })['said']>(
            'CONFIRMED',
            'CONFIRMED',
            'CONFIRMED',
            'CONFIRMED',
            'VERIFIED',
            'FAILED',
            'DRIFTED',
            'ROLLED_BACK',
          ),
          bad: fc.boolean(),
        }),
      ),
    },
  ),
  { maxLength: 60 },
);

function play(live: World, move: Move): void {
  switch (move.do) {
    case 'serve':
      live.serve(move.verdict);
      break;
    case 'look':
      live.look();
      break;
    // A crash behind the commit: the same message comes again, as far as the inbox lets one of another id through.
    case 'again':
      if (live.last !== null) live.step(live.last);
      break;
    case 'calm':
      live.calm();
      break;
    case 'publish':
      live.published();
      break;
    case 'freeze':
    case 'unfreeze':
      live.channel = { ...live.channel, frozen: move.do === 'freeze' };
      live.published();
      break;
    case 'loseTheWayBack':
      live.wayBack = false;
      break;
    case 'tick':
      live.tick(move.ms).look();
      break;
    case 'person':
      live.person(move.action, { version: live.state.version - (move.stale ? 1 : 0) });
      break;
    case 'report': {
      const metrics = [{ name: 'smoke_failures', value: move.bad ? 1 : 0, samples: 3 }];
      const code = move.bad ? 'HASH_MISMATCH' : 'SMOKE_FAILED';
      live.report(move.node, move.said, move.said === 'FAILED' ? { code } : { metrics }).look();
      break;
    }
    default:
      move satisfies never;
  }
}

const under = ['DISPATCHING', 'CONVERGING', 'SOAKING', 'ANALYZING', 'GATE', 'INCONCLUSIVE'];
const over = ['RELEASED', 'ROLLED_BACK', 'FAILED', 'CANCELED'];
const at = (events: readonly ReleaseEvent[], type: string): number => events.findIndex((event) => event.type === type);

/** The rules, held against everything that happened. */
function holds(live: World): void {
  const { state, events, sends } = live;
  expect(live.illegal).toEqual([]);
  // No silent jump of cohorts: steps are authorized one by one, each behind the one before it being done.
  const authorized = events.flatMap((event) => (event.type === 'StepAuthorized' ? [event.step] : []));
  expect(authorized).toEqual(authorized.map((_, index) => index));
  let done = -1;
  let allowed = 0;
  for (const event of events) {
    if (event.type === 'StepDone') done = event.step;
    if (event.type === 'StepAuthorized') {
      expect(done).toBe(event.step - 1);
      allowed++;
    }
  }
  // Never two steps under way at once.
  expect(state.runs.filter((run) => under.includes(run.state)).length).toBeLessThanOrEqual(1);
  // The channel is asked for no cohort whose decision is not sealed.
  const wishes = sends.flatMap((send) => (send.send === 'job' && send.job === 'channel' ? [send.wish] : []));
  for (const wish of wishes) if (wish.op === 'open') expect(wish.cohorts.length).toBeLessThanOrEqual(allowed);
  // A stop wins: behind it nothing is opened, and the release does not come to RELEASED.
  const stop = at(events, 'ReleaseStopped');
  if (stop >= 0) {
    const behind = events.slice(stop).map(({ type }) => type);
    for (const type of ['StepAuthorized', 'StepOpened', 'StepDone', 'ReleaseCompleted', 'ReleaseResumed'])
      expect(behind).not.toContain(type);
  }
  expect(events.filter(({ type }) => type === 'ReleaseCompleted').length).toBeLessThanOrEqual(1);
  // A terminal release has no deadline; every other has one that is set.
  if (over.includes(state.phase)) {
    expect([...live.alarms]).toEqual([]);
    for (const run of state.runs) expect([run.deadline_at, run.offline_at, run.soak_until]).toEqual([null, null, null]);
  } else expect(live.alarms.size).toBeGreaterThan(0);
}

/** Everybody does their work from now on: the release has to end. */
function settle(live: World): void {
  live.channel = { ...live.channel, frozen: false };
  live.published();
  for (let rounds = 0; rounds < 60 && !over.includes(live.state.phase); rounds++) {
    const { phase, ending } = live.state;
    const isStopped = ending !== null && ending.to !== 'RELEASED';
    const metrics = [{ name: 'smoke_failures', value: 0, samples: 3 }];
    for (const node of nodes) live.report(node, isStopped ? 'ROLLED_BACK' : 'CONFIRMED', { metrics });
    if (phase === 'PAUSED' && !isStopped) live.person('resume');
    if (live.state.runs[live.state.current]?.state === 'GATE') live.person('promote');
    live.calm().tick(61_000).look();
  }
}

it('a release keeps its rules whatever arrives, twice or out of order, and ends once everybody works', () => {
  const ends = new Map<string, number>();
  fc.assert(
    fc.property(fc.constantFrom(...plans), moves, (plan, walk) => {
      const live = opened(plan, nodes.length);
      for (const move of walk) {
        play(live, move);
        holds(live);
      }
      settle(live);
      holds(live);
      ends.set(live.state.phase, (ends.get(live.state.phase) ?? 0) + 1);
      expect(over).toContain(live.state.phase);
    }),
    { numRuns: 600 },
  );
  expect([...ends.keys()].sort(), 'the walks reach every end').toEqual([...over].sort());
});

it('a cohort is confirmed on enough nodes, whatever the plan', () => {
  fc.assert(
    fc.property(fc.constantFrom(...plans), moves, (plan, walk) => {
      const live = opened(plan, nodes.length);
      for (const move of walk) {
        const before = live.events.length;
        play(live, move);
        for (const event of live.events.slice(before)) {
          if (event.type !== 'StepConfirmed') continue;
          const step = live.state.steps[event.step];
          if (step === undefined) throw new Error('no such step');
          const needed = neededOf(step.confirm_threshold, event.counts);
          expect(confirmedOf(step.kind, event.counts)).toBeGreaterThanOrEqual(needed);
        }
      }
    }),
    { numRuns: 200 },
  );
});
