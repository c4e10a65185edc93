import { type ReasonCode, releaseCloseDetailSchema, releasePhases } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import { blankClaimDecision } from '../claim-decision.ts';
import { isDecisionCode } from '../codes.ts';
import { type DecisionSend, sendOf, uniqueCodes } from '../decision.ts';
import type { ReleaseCloseFacts, ReleaseInput } from './facts.ts';
import { note, pinsOf, type ReleaseOutcome } from './outcome.ts';
import type { ReleaseGate } from './state.ts';
import { neededOf } from './step.ts';

/** Ends that a claim may bring. */
const ends = ['RELEASED', 'ROLLED_BACK', 'FAILED', 'CANCELED'] as const;

/** Why a release did not end as RELEASED; null where it did. */
function unproved(
  state: ReleaseGate,
  confirmed: number,
  excluded: readonly number[],
): { code: ReasonCode; why: string } | null {
  if (state.phase !== 'AUTHORIZED') return { code: 'RELEASE_TRANSITION_ILLEGAL', why: 'the release was refused' };
  if (state.opened.length < state.steps.length)
    return { code: 'STAGE_ORDER_VIOLATION', why: `${state.opened.length} of ${state.steps.length} steps were opened` };
  const { needed, overQuorum } = neededOf(state.opened, excluded);
  if (overQuorum) return { code: 'QUORUM_NOT_MET', why: 'more nodes are left out than the quorum allows' };
  if (confirmed < Math.max(1, needed))
    return { code: 'ACTIVATION_NOT_CONFIRMED', why: `${confirmed} of ${Math.max(1, needed)} nodes are confirmed` };
  return null;
}

function sealedEnd(
  state: ReleaseGate,
  input: ReleaseInput,
  { confirmed }: ReleaseCloseFacts,
  of: { status: string; codes: readonly string[]; why: string | null },
): DecisionSend {
  const told = releaseCloseDetailSchema.parse(input.claim.detail);
  return sendOf({
    ...blankClaimDecision(input, pinsOf(state, input)),
    kind: 'RELEASE_CLOSE',
    verdict: of.why === null ? 'PASS' : 'FAIL',
    final: of.why === null,
    reason_codes: uniqueCodes(of.codes.filter(isDecisionCode)),
    rests_on: [...state.decisions.slice(0, 1), ...confirmed.map((node) => node.decision)].slice(0, 64),
    detail: {
      ...(told as { [key: string]: JsonValue }),
      status: of.status,
      why: of.why,
      build_id: state.build_id,
      channel: state.channel,
      release_seq: state.release_seq,
      pack_id: state.pack_id,
      confirmed: confirmed.length,
      nodes: confirmed.map((node) => node.instance_id).slice(0, 256),
    },
  });
}

/** RELEASED needs every step opened and the nodes that prove it; every other end needs nothing. What was RELEASED may still be brought back. */
export function decideClose(state: ReleaseGate, input: ReleaseInput, facts: ReleaseCloseFacts): ReleaseOutcome {
  const status = ends.find((end) => end === input.claim.detail.status);
  if (status === undefined || !releasePhases.includes(status))
    return note(state, input, 'CLAIM_MALFORMED', 'the claim names no end');
  if (state.phase === 'ENDED') return { ok: false, code: 'GATE_SUBJECT_CLOSED', detail: 'the release has ended' };
  if (state.phase === 'NEW' && status !== 'CANCELED')
    return note(state, input, 'GATE_SUBJECT_UNKNOWN', 'no such release was decided');
  const told = releaseCloseDetailSchema.parse(input.claim.detail);
  const fault = status === 'RELEASED' ? unproved(state, facts.confirmed.length, told.excluded) : null;
  if (fault !== null) {
    const send = sealedEnd(state, input, facts, { status, codes: [fault.code], why: fault.why });
    if (state.noted >= 64) return { ok: false, code: fault.code, detail: fault.why };
    return { ok: true, events: [{ type: 'RELEASE_NOTED', decision: send.digest }], sends: [send], alarms: [] };
  }
  const send = sealedEnd(state, input, facts, { status, codes: input.claim.reason_codes, why: null });
  return { ok: true, events: [{ type: 'RELEASE_ENDED', decision: send.digest }], sends: [send], alarms: [] };
}
