import { isReasonCode, stageOf } from '@orgo/contracts';
import { toldCodes } from '../codes.ts';
import { bounded, sendOf, uniqueCodes } from '../decision.ts';
import type { ReplyInput } from '../facts.ts';
import { headerOf } from '../header.ts';
import { isCompile } from '../inputs.ts';
import type { GateState, Seen, StageGate } from '../state.ts';
import { authorizationFault, correlationFault } from './correlation.ts';
import { type GateOutcome, refuseContradiction, refuseOnRecord } from './refusal.ts';
import { decideStage, resultOf } from './stage.ts';

/**
 * Decides a reply whose signature by an adapter key was verified. First who may speak of what, then whether the stage still waits for
 * it, last what it says. Everything a trusted adapter signed is put on record, whatever becomes of it.
 */
export function decideReply(state: GateState, input: ReplyInput & { now: string }): GateOutcome {
  const { reply } = input;
  // A refusal quotes a command that may be forged: it is put on record and proves nothing about this build (GT-05).
  if (reply.status === 'refused') return refusedByAdapter(state, input);

  const { admission } = state;
  if (admission === null) return refuseOnRecord(state, input, ['GATE_SUBJECT_UNKNOWN'], 'no such build was admitted');
  const stage = admission.pipeline === null ? undefined : stageOf(admission.pipeline, reply.stage);
  if (admission.pipeline === null || stage === undefined) {
    return refuseOnRecord(state, input, ['STAGE_UNKNOWN'], `the pipeline has no stage ${reply.stage}`);
  }
  const uncorrelated = correlationFault(input, stage);
  if (uncorrelated !== null || !input.command.ok) {
    return refuseOnRecord(
      state,
      input,
      [uncorrelated?.code ?? 'COMMAND_SIGNER_UNTRUSTED'],
      uncorrelated?.detail ?? 'the command was not verified',
    );
  }
  const { command } = input.command;
  const gate = state.stages[stage.stage];
  if (gate === undefined) {
    const barred = isCompile(stage) && Object.values(state.stages).some((other) => other.accepted?.verdict === 'FAIL');
    return refuseOnRecord(
      state,
      input,
      [barred ? 'NO_COMPILE_ON_FAIL' : 'STAGE_ORDER_VIOLATION'],
      `${stage.stage} was never authorized`,
    );
  }
  const unauthorized = authorizationFault(input, command, { stage, gate, admission });
  if (unauthorized !== null) return refuseOnRecord(state, input, [unauthorized.code], unauthorized.detail);

  const result = reply.status === 'error' ? null : resultOf(input);
  if (gate.accepted !== null) return decideLate(state, input, gate, result);
  if (reply.epoch < gate.fence)
    return refuseOnRecord(
      state,
      input,
      ['REPLY_STALE_ATTEMPT'],
      `epoch ${reply.epoch} is below the fence ${gate.fence}`,
      result,
    );
  if (state.phase !== 'OPEN')
    return refuseOnRecord(state, input, ['GATE_SUBJECT_CLOSED'], `the build is ${state.phase}`, result);

  if (reply.status === 'error') return decideAttempt(state, input, gate);
  const turn = { state, input, admission, pipeline: admission.pipeline, stage, gate };
  const other = gate.seen.find((seen) => seen.result !== result?.result);
  if (other === undefined) return decideStage(turn);
  const detail = `reply ${other.reply} gave another result for the same stage`;
  return decideStage(turn, [{ check: 'determinism', findings: [{ code: 'NONDETERMINISM_DETECTED', detail }] }]);
}

/** The stage has its decision: the same word again is a duplicate, another result is a contradiction. */
function decideLate(
  state: GateState,
  input: ReplyInput & { now: string },
  gate: StageGate,
  result: Seen | null,
): GateOutcome {
  const accepted = gate.accepted?.seen ?? null;
  if (accepted?.reply === input.digest)
    return { ok: false, code: 'REPLY_DUPLICATE', detail: 'this reply was decided before' };
  if (accepted === null || result === null || result.result === accepted.result) {
    return refuseOnRecord(state, input, ['REPLY_STALE_ATTEMPT'], 'the stage is decided');
  }
  const code = result.command === accepted.command ? 'REPLY_EQUIVOCATION' : 'NONDETERMINISM_DETECTED';
  return refuseContradiction(state, input, code, `the accepted reply ${accepted.reply} gave another result`);
}

/** A transient error ends the attempt, not the stage, and fences it, which saves the orchestrator a turn. */
function decideAttempt(state: GateState, input: ReplyInput & { now: string }, gate: StageGate): GateOutcome {
  const { reply } = input;
  const fence = reply.epoch + 1;
  const send = sendOf({
    ...headerOf(state, input),
    kind: 'ATTEMPT',
    verdict: 'ERROR',
    reason_codes: uniqueCodes(toldCodes(reply.reason_codes, 'STAGE_INTERNAL_ERROR')),
    inputs: gate.inputs,
    rests_on: [gate.opened_by],
    detail: { fence, why: bounded(reply.detail, 300) },
  });
  return {
    ok: true,
    events: [{ type: 'ATTEMPT_FAILED', decision: send.digest, stage: reply.stage, fence }],
    sends: [send],
    alarms: [],
  };
}

function refusedByAdapter(state: GateState, input: ReplyInput & { now: string }): GateOutcome {
  const [first = 'COMMAND_MALFORMED', ...rest] = input.reply.reason_codes.filter(isReasonCode);
  const outcome = refuseOnRecord(state, input, [first, ...rest], input.reply.detail);
  // The adapter did right: its word is taken, even though it changes nothing.
  return outcome.ok || outcome.sends === undefined
    ? outcome
    : { ok: true, events: outcome.events ?? [], sends: outcome.sends, alarms: [] };
}
