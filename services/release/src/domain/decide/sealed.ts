import type { ReleaseEvent } from '../events.ts';
import type { Receipt, Timed } from '../inputs.ts';
import type { Send } from '../sends.ts';
import { type Outcome, type ReleaseState, runOf } from '../state.ts';
import { lookNow, nothing, type Yes, yes } from './outcome.ts';
import { noAlarms } from './reconcile-alarms.ts';

/**
 * The sealed decision about a step: PASS opens it, as long as nobody has stopped the release meanwhile; what the gatekeeper does not let through waits for a
 * person, who asks again by resuming.
 */
export function decideStepSealed(state: ReleaseState, input: Timed<Receipt>): Yes {
  const { decision, decision_digest, log_index, now } = input;
  const step = state.current;
  const frozen = state.steps[step];
  const isAnswer = runOf(state).asked && decision.detail.step_hash === frozen?.step_hash;
  if (!isAnswer || !['RELEASING', 'PAUSED'].includes(state.phase) || state.ending !== null) return nothing;
  if (decision.verdict === 'PASS')
    return yes({ events: [{ type: 'StepAuthorized', at: now, step, decision_digest, log_index }], alarms: [lookNow] });
  const paused: ReleaseEvent = {
    type: 'ReleasePaused',
    at: now,
    codes: decision.reason_codes,
    finding: null,
    act: null,
  };
  return state.phase === 'PAUSED' ? nothing : yes({ events: [paused], alarms: [lookNow] });
}

/** What the channel is asked once a release is in service: it is one to come back to, and pinned where that was the strategy. */
function afterwards({ plan, eligible, actor, reason, version }: ReleaseState): Send[] {
  const confirmed: Send = {
    send: 'job',
    job: 'channel',
    wish: { op: 'confirmed', wanted: 'confirmed' },
    n: version + 1,
  };
  if (plan.strategy.mode !== 'pinned' || eligible === null) return [confirmed];
  const wish = { op: 'pin', wanted: 'pin', pack_id: eligible.pack_id, actor, reason } as const;
  return [confirmed, { send: 'job', job: 'channel', wish, n: version + 2 }];
}

/** The end is sealed: only now the release is what it says. */
export function decideCloseSealed(state: ReleaseState, input: Timed<Receipt>): Yes {
  const { decision, decision_digest, log_index, now } = input;
  const { ending } = state;
  const status = decision.detail.status as Outcome;
  if (ending === null || ending.closing !== status || !['RELEASING', 'PAUSED'].includes(state.phase)) return nothing;
  const sealed = { decision_digest, log_index };
  const ended = (event: ReleaseEvent): Yes => yes({ events: [event], alarms: noAlarms });
  if (decision.verdict !== 'PASS')
    return state.phase === 'PAUSED'
      ? nothing
      : yes({
          events: [{ type: 'ReleasePaused', at: now, codes: decision.reason_codes, finding: null, act: null }],
          alarms: [lookNow],
        });
  switch (status) {
    case 'RELEASED':
      return { ...ended({ type: 'ReleaseCompleted', at: now, sealed }), sends: afterwards(state) };
    case 'ROLLED_BACK':
      return ended({ type: 'ReleaseRolledBack', at: now, sealed, act: ending.act });
    case 'FAILED': {
      const refused = ending.rollback?.status === 'REFUSED' ? [ending.rollback.code ?? 'ROLLBACK_TARGET_MISSING'] : [];
      return ended({ type: 'ReleaseFailed', at: now, codes: [...ending.codes, ...refused], sealed });
    }
    case 'CANCELED':
      return ended({ type: 'ReleaseCanceled', at: now, act: ending.act, sealed });
    default:
      return status satisfies never;
  }
}
