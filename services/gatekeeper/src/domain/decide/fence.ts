import { type GateDecision, type ReasonCode, stageOf } from '@orgo/contracts';
import { isDecisionCode, toldCodes } from '../codes.ts';
import { sendOf, uniqueCodes } from '../decision.ts';
import type { GateEvent } from '../events.ts';
import type { ClaimInput } from '../facts.ts';
import { headerOf } from '../header.ts';
import { stageReport } from '../report.ts';
import type { Accepted, GateState, StageGate } from '../state.ts';
import { type GateOutcome, refuseOnRecord } from './refusal.ts';

type Input = ClaimInput & { now: string };

/** The opened stage a claim speaks of, or why it cannot be fenced. */
function openStage(
  state: GateState,
  input: Input,
): { ok: true; name: string; gate: StageGate } | { ok: false; code: ReasonCode; detail: string } {
  const name = input.claim.stage;
  if (state.admission === null)
    return { ok: false, code: 'GATE_SUBJECT_UNKNOWN', detail: 'no such build was admitted' };
  if (name === null) return { ok: false, code: 'STAGE_UNKNOWN', detail: 'the claim names no stage' };
  const gate = state.stages[name];
  return gate === undefined
    ? { ok: false, code: 'STAGE_ORDER_VIOLATION', detail: `${name} was never authorized` }
    : { ok: true, name, gate };
}

/** The decision committed before the claim arrived: nothing changes, its own receipt is on its way. */
function lost(state: GateState, input: Input, gate: StageGate): GateOutcome {
  if (state.phase === 'CLOSING' || state.phase === 'CLOSED')
    return { ok: false, code: 'GATE_SUBJECT_CLOSED', detail: `the build is ${state.phase}` };
  const accepted = gate.accepted as Accepted;
  const send = sendOf({
    ...headerOf(state, input),
    kind: 'FENCE',
    verdict: 'LOST',
    rests_on: [accepted.decision],
    detail: { decided: accepted.verdict },
  });
  return {
    ok: true,
    events: [{ type: 'NOTED', decision: send.digest, stage: null, seen: null }],
    sends: [send],
    alarms: [],
  };
}

/**
 * Fences a stage: whichever commits first wins, this fence or the reply on its way. Lower epochs are refused from then on.
 * A stage whose attempts were used up is reopened only by a higher epoch than it was fenced at.
 */
export function decideFence(state: GateState, input: Input): GateOutcome {
  const open = openStage(state, input);
  if (!open.ok) return refuseOnRecord(state, input, [open.code], open.detail);
  const { name, gate } = open;
  if (gate.accepted !== null) return lost(state, input, gate);
  if (state.phase !== 'OPEN' && state.phase !== 'BLOCKED')
    return refuseOnRecord(state, input, ['GATE_SUBJECT_CLOSED'], `the build is ${state.phase}`);
  if (gate.exhausted && input.claim.epoch <= gate.fence) {
    return refuseOnRecord(
      state,
      input,
      ['REPLY_STALE_ATTEMPT'],
      `${name} is fenced at ${gate.fence}; to resume it a higher epoch is needed`,
    );
  }
  const fence = Math.max(gate.fence, input.claim.epoch);
  const draft: GateDecision = {
    ...headerOf(state, input),
    kind: 'FENCE',
    verdict: 'FENCED',
    reason_codes: uniqueCodes(input.claim.reason_codes.filter(isDecisionCode)),
    rests_on: [gate.opened_by],
    detail: { fence, resumed: gate.exhausted },
  };
  const send = sendOf(draft);
  return {
    ok: true,
    events: [{ type: 'FENCED', decision: send.digest, stage: name, fence }],
    sends: [send],
    alarms: [],
  };
}

/**
 * Attempts are used up: ERROR where the pipeline leaves it to a person, FAIL where it says that no answer is a no (C-28).
 * The claim comes after the last attempt was fenced, so no reply can own the stage; a person reopens it by a higher fence.
 */
export function decideExhausted(state: GateState, input: Input): GateOutcome {
  const open = openStage(state, input);
  if (!open.ok) return refuseOnRecord(state, input, [open.code], open.detail);
  const { name, gate } = open;
  if (gate.accepted !== null) return lost(state, input, gate);
  const pipeline = state.admission?.pipeline ?? null;
  const stage = pipeline === null ? undefined : stageOf(pipeline, name);
  if (state.phase !== 'OPEN' || stage === undefined)
    return refuseOnRecord(state, input, ['GATE_SUBJECT_CLOSED'], `the build is ${state.phase}`);

  const fails = stage.on_exhausted === 'FAIL';
  const fence = Math.max(gate.fence, input.claim.epoch);
  const reason_codes = uniqueCodes(
    toldCodes([stage.exhausted_code, ...input.claim.reason_codes], 'STAGE_ATTEMPTS_EXHAUSTED'),
  );
  const draft: GateDecision = {
    ...headerOf(state, input),
    kind: 'STAGE',
    verdict: fails ? 'FAIL' : 'ERROR',
    final: true,
    reason_codes,
    inputs: gate.inputs,
    rests_on: [gate.opened_by],
    detail: { fence },
  };
  const findings = reason_codes.map((code) => ({ code, detail: `after ${input.claim.attempt} attempts` }));
  const report = stageReport(draft, [{ check: 'attempts', findings }], { diagnostics: [], metrics: {} });
  const send = sendOf({ ...draft, report: report.artifact }, { report });
  const event: GateEvent = fails
    ? {
        type: 'STAGE_FAILED',
        decision: send.digest,
        stage: name,
        accepted: { verdict: 'FAIL', decision: send.digest, seen: null, outputs: [] },
        reason_codes,
      }
    : { type: 'STAGE_EXHAUSTED', decision: send.digest, stage: name, fence, reason_codes };
  return { ok: true, events: [event], sends: [send], alarms: [] };
}
