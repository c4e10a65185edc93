import { isTerminalBuildPhase, stageAfter } from '@orgo/contracts';
import { type No, no, type Receipt, type Timed } from '../inputs.ts';
import { awaitsAdmission, type BuildState } from '../state.ts';
import { decideAttempt, decideFence, decideRefusal } from './attempts.ts';
import { beginClosing, decideCancelled, decideEndRefused, decideRecord } from './closing.ts';
import { and, nothing, type Yes, yes } from './outcome.ts';
import { decideStage, openNext } from './stages.ts';

/** Turn zero is sealed: the build runs, or it ends before it began. */
function decideAdmission(state: BuildState, receipt: Timed<Receipt>): Yes {
  if (!awaitsAdmission(state)) return nothing;
  const { decision, decision_digest, log_index } = receipt;
  if (decision.verdict !== 'PASS')
    return beginClosing(state, { outcome: 'FAILED', reason_codes: decision.reason_codes });
  const admitted = yes({ events: [{ type: 'BuildAdmitted', decision_digest, log_index }] });
  return and(state, admitted, (running) => openNext(running, receipt, stageAfter(running.pipeline, null)?.stage ?? ''));
}

/**
 * Folds a sealed decision. What comes twice, late or for a stage that is over changes nothing; a decision that the spine does
 * not allow is refused with `STAGE_ORDER_VIOLATION` or `STAGE_UNKNOWN` and moves nothing.
 */
export function decideReceipt(state: BuildState, receipt: Timed<Receipt>): Yes | No {
  if (state.phase === 'NEW')
    return no('BUILD_NOT_FOUND', `a decision about ${receipt.build_id}, which was never started here`);
  if (isTerminalBuildPhase(state.phase)) return nothing;
  const { kind } = receipt.decision;
  if (kind === 'STAGE') return decideStage(state, receipt);
  if (state.phase === 'CLOSING') {
    if (kind === 'CANCEL') return decideCancelled(state);
    if (kind === 'REFUSAL') return decideEndRefused(state, receipt);
    return kind === 'RECORD' ? decideRecord(state, receipt) : nothing;
  }
  switch (kind) {
    case 'ADMISSION':
      return decideAdmission(state, receipt);
    case 'ATTEMPT':
      return decideAttempt(state, receipt);
    case 'FENCE':
      return decideFence(state, receipt);
    case 'REFUSAL':
      return decideRefusal(state, receipt);
    default:
      return no('STAGE_ORDER_VIOLATION', `nobody asked for a ${kind} decision`);
  }
}
