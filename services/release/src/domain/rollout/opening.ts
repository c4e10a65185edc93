import type { OpenCohort } from '@orgo/contracts';
import { after, epochMs, timeOf } from '@orgo/core';
import { stepClaim } from '../decide/claims.ts';
import type { Send } from '../sends.ts';
import { type Act, type ReleaseState, runOf } from '../state.ts';
import { go, type Scene, type Turn, wait } from './turn.ts';
import { opensAt } from './window.ts';

const stepOf = (state: ReleaseState) => state.steps[state.current] as ReleaseState['steps'][number];

/** Asks the channel once; while it cannot, says why. */
export function ask(
  scene: Scene,
  wish: (wanted: string) => Extract<Send, { job: 'channel' }>['wish'],
  wanted: string,
): Turn {
  const { state, now } = scene;
  if (state.blocked !== null) return wait(`${state.channel}: ${state.blocked.detail} (${state.blocked.code})`);
  if (state.wanted === wanted) return wait(`publication to ${state.channel}`);
  return go(
    [{ type: 'ChannelAsked', at: now, wanted }],
    [{ send: 'job', job: 'channel', wish: wish(wanted), n: state.version + 1 }],
  );
}

/** Cohorts that are open once the current step is. */
const cohortsOf = (state: ReleaseState): OpenCohort[] =>
  state.steps
    .slice(0, state.current + 1)
    .filter(({ kind }) => kind === 'open')
    .map(({ cohort, enrolled_through }) => ({ selector: cohort, enrolled_through }));

/** What it requires waits for it, and nothing of it was opened: it would wait for ever. */
function goesRound({ now }: Scene, circle: readonly string[]): Turn {
  const codes = ['REQUIREMENT_CIRCULAR'];
  const act: Act = { action: 'abort', actor: 'release', reason: `${circle.join(', ')} require one another`, at: now };
  return go([{ type: 'ReleaseStopped', at: now, to: 'FAILED', trigger: 'operator', codes, finding: null, act }]);
}

/** PENDING and WAITING_WINDOW: asks for the sealed decision when nothing stands in the way. The same answer lists and enforces. */
export function pending(scene: Scene): Turn {
  const { state, observed, now } = scene;
  const { current: step } = state;
  const run = runOf(state);
  const { name } = stepOf(state);
  if (run.asked) return wait(`the gatekeeper’s decision about ${name}`);
  if (step === 0 && observed.circle !== null) return goesRound(scene, observed.circle);
  const [unmet] = observed.unmet;
  if (unmet !== undefined) return wait(unmet);
  // RR-14: nobody is moved without a way back, but where who asked said so.
  if (observed.stranded && !state.plan.rollback.no_rollback_ack)
    return wait(`a confirmed pack of ${state.channel} to go back to, or a release that does without (no_rollback_ack)`);
  if (state.seen?.frozen) return wait(`${state.channel} to be unfrozen`);
  const opening = opensAt(state.plan, epochMs(now), epochMs(state.deadline_at));
  const until = opening === null ? null : timeOf(opening);
  if (until === null || until > now) {
    const why = until === null ? 'a window that opens before the deadline' : `its window, which opens at ${until}`;
    if (run.state !== 'WAITING_WINDOW') return go([{ type: 'StepWaits', at: now, step, until, why }]);
    return wait(why, until);
  }
  const excluded = observed.counts.slice(0, step).map((counts) => counts.OFFLINE_EXCLUDED);
  const before = step === 0 ? null : (observed.counts[step - 1] ?? null);
  const asks = run.asks + 1;
  return go(
    [{ type: 'StepAsked', at: now, step, ask: asks }],
    [{ send: 'claim', claim: stepClaim(state, now, { ask: asks, before, excluded }), evidence: [] }],
  );
}

/** DISPATCHING: the decision is sealed; the channel is asked to show it, and has. */
export function dispatching(scene: Scene): Turn {
  const { state, now } = scene;
  const { current: step, seen } = state;
  const { kind } = stepOf(state);
  const cohorts = cohortsOf(state);
  const shown =
    seen !== null &&
    (kind === 'switch'
      ? seen.role === 'current'
      : seen.role === 'current' || (seen.role === 'candidate' && seen.open >= cohorts.length));
  if (shown) {
    const deadline_at = after(now, state.plan.deadlines.step_ms ?? state.step_ms);
    const offline = state.plan.offline.deadline_ms;
    const offline_at = offline === undefined ? deadline_at : after(now, offline);
    return {
      go: true,
      events: [{ type: 'StepOpened', at: now, step, deadline_at, offline_at, index_seq: seen.index_seq }],
      reread: true,
    };
  }
  return kind === 'switch'
    ? ask(scene, (wanted) => ({ op: 'switch', wanted }), 'switch')
    : ask(scene, (wanted) => ({ op: 'open', wanted, cohorts }), `open:${step}`);
}
