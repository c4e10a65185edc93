import type { ReasonCode } from '@orgo/contracts';
import { after, digestOf } from '@orgo/core';
import type { ReleaseEvent } from '../events.ts';
import { type No, no, type Person, type Timed } from '../inputs.ts';
import { type Act, type ReleaseState, runOf } from '../state.ts';
import { claimOf } from './claims.ts';
import { lookNow, nothing, type Yes, yes } from './outcome.ts';
import { isOver, noAlarms } from './reconcile-alarms.ts';

const conflict = (detail: string): No => no('STATE_CONFLICT', detail);

const actOf = ({ action, actor, reason, now }: Timed<Person>): Act => ({ action, actor, reason, at: now });

const isStopped = ({ ending }: ReleaseState): boolean => ending !== null && ending.to !== 'RELEASED';

/** Steps in which a person may say that it has been long enough. */
const promotable: readonly string[] = ['SOAKING', 'ANALYZING', 'GATE', 'INCONCLUSIVE'];

/** Opens the next cohort without waiting for soak, analysis or a further question; never without confirmed nodes. */
function promote(state: ReleaseState, input: Timed<Person>): ReleaseEvent[] | No {
  const { now } = input;
  const full = input.action === 'promote-full';
  const step = state.current;
  const run = runOf(state);
  if (isStopped(state) || !['RELEASING', 'PAUSED'].includes(state.phase))
    return conflict(`${state.release_id} is ${state.phase}: there is nothing to promote`);
  const isPausedStep = state.phase === 'PAUSED' && run.state !== 'INCONCLUSIVE';
  if (isPausedStep || !promotable.includes(run.state)) return conflict(`its step ${step} is ${run.state}`);
  const act = actOf(input);
  const promoted: ReleaseEvent = { type: 'StepPromoted', at: now, step, act, full };
  return state.phase === 'PAUSED' ? [{ type: 'ReleaseResumed', at: now, act }, promoted] : [promoted];
}

function pause(state: ReleaseState, input: Timed<Person>): ReleaseEvent[] | No {
  if (state.phase === 'PAUSED' && !isStopped(state)) return [];
  if (isStopped(state) || !['VERIFIED', 'RELEASING'].includes(state.phase) || state.ending !== null)
    return conflict(`${state.release_id} is ${state.phase}`);
  return [{ type: 'ReleasePaused', at: input.now, codes: [], finding: null, act: actOf(input) }];
}

/** Goes on where it stood: a cohort in its soak soaks anew, a failed measurement is taken again, a deadline is set again. */
function resume(state: ReleaseState, input: Timed<Person>): ReleaseEvent[] | No {
  if (state.phase !== 'PAUSED' || isStopped(state)) return conflict(`${state.release_id} is ${state.phase}`);
  const { now } = input;
  const step = state.current;
  const run = runOf(state);
  const resumed: ReleaseEvent[] = [{ type: 'ReleaseResumed', at: now, act: actOf(input) }];
  if (state.runs.length === 0 || run.state === 'DONE') return resumed;
  const inFlight = ['CONVERGING', 'SOAKING'].includes(run.state);
  const deadline_at = inFlight ? after(now, state.plan.deadlines.step_ms ?? state.step_ms) : null;
  return [...resumed, { type: 'StepResumed', at: now, step, deadline_at }];
}

/** Final for the release, and wins over whatever else was asked. */
function abort(state: ReleaseState, input: Timed<Person>): Yes | No {
  const { now } = input;
  if (isOver(state)) return no('NOTHING_TO_ABORT', `${state.release_id} is ${state.phase}`);
  if (isStopped(state)) return nothing;
  const act = actOf(input);
  if (state.phase === 'QUEUED' || state.phase === 'VERIFYING') {
    // Nothing of it is in a channel: its end needs no look, and is put on record.
    const claim = claimOf(state, now, {
      claim: 'RELEASE_CLOSE',
      idem_key: digestOf(['orgo.release-close.v1', state.tenant_id, state.release_id, 'CANCELED', state.version]),
      actor: act.actor,
      detail: { status: 'CANCELED', acts: [{ ...act }] },
    });
    return yes({
      events: [{ type: 'ReleaseCanceled', at: now, act, sealed: null }],
      sends: [{ send: 'claim', claim, evidence: [] }],
      alarms: noAlarms,
    });
  }
  const stop = { to: 'CANCELED', trigger: 'operator', codes: [], finding: null, act } as const;
  return yes({ events: [{ type: 'ReleaseStopped', at: now, ...stop, codes: [] }], alarms: [lookNow] });
}

const decided = (events: ReleaseEvent[] | No): Yes | No =>
  Array.isArray(events) ? yes({ events, alarms: events.length > 0 ? [lookNow] : [] }) : events;

function act(state: ReleaseState, input: Timed<Person>): Yes | No {
  switch (input.action) {
    case 'promote':
    case 'promote-full':
      return decided(promote(state, input));
    case 'pause':
      return decided(pause(state, input));
    case 'resume':
      return decided(resume(state, input));
    case 'abort':
      return abort(state, input);
    default:
      return input.action satisfies never;
  }
}

/** What a person tells a release, once per idempotency key. */
export function decidePerson(state: ReleaseState, input: Timed<Person>): Yes | No {
  const { request, version, now } = input;
  const known = state.answered.find(({ key }) => key === request?.key);
  if (known !== undefined && request !== null)
    return known.digest === request.digest
      ? nothing
      : no('IDEMPOTENCY_KEY_REUSED', 'that key was used for another request');
  // An abort is never too late by a version: it wins over what came between.
  if (version !== null && version !== state.version && input.action !== 'abort')
    return conflict(`it is at version ${state.version}, not ${version}`);
  const decision = act(state, input);
  if (!decision.ok || request === null) return decision;
  return { ...decision, events: [...decision.events, { type: 'RequestAnswered', at: now, ...request }] };
}

/** Codes with which a channel refuses for now: it tells the release when that has passed. */
export const passingCodes: readonly ReasonCode[] = ['CHANNEL_FROZEN', 'CHANNEL_PINNED', 'CHANNEL_BUSY'];
