import { isDecisionCode } from '../codes.ts';
import { sendOf, uniqueCodes } from '../decision.ts';
import type { ClaimInput } from '../facts.ts';
import { headerOf } from '../header.ts';
import type { GateState } from '../state.ts';
import { type GateOutcome, refuseOnRecord } from './refusal.ts';

/**
 * A person cancels: nothing more is authorized, late replies are refused `GATE_SUBJECT_CLOSED`. The verdict says that it was granted.
 * Also where a FAIL was decided while the wish was on its way: the person has the last word, both are on record.
 */
export function decideCancel(state: GateState, input: ClaimInput & { now: string }): GateOutcome {
  if (state.admission === null)
    return refuseOnRecord(state, input, ['GATE_SUBJECT_UNKNOWN'], 'no such build was admitted');
  if (state.cancelled || state.phase === 'CLOSING' || state.phase === 'CLOSED')
    return refuseOnRecord(state, input, ['GATE_SUBJECT_CLOSED'], `the build is ${state.phase}`);
  const reason_codes = uniqueCodes(['BUILD_CANCELLED', ...input.claim.reason_codes.filter(isDecisionCode)]);
  const send = sendOf({
    ...headerOf(state, input),
    kind: 'CANCEL',
    verdict: 'PASS',
    reason_codes,
    rests_on: state.decisions.slice(-1),
    detail: input.claim.detail,
  });
  return { ok: true, events: [{ type: 'CANCELLED', decision: send.digest, reason_codes }], sends: [send], alarms: [] };
}

/** No stage of a pipeline is optional yet, so no claim to skip one can be granted. */
export function decideSkip(state: GateState, input: ClaimInput & { now: string }): GateOutcome {
  return refuseOnRecord(state, input, ['STAGE_ORDER_VIOLATION'], 'the pipeline marks no stage as optional');
}
