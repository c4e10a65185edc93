import { decideAdmission } from './decide/admission.ts';
import { decideCancel, decideSkip } from './decide/cancel.ts';
import { decideClose, decideFreeze } from './decide/close.ts';
import { decideExhausted, decideFence } from './decide/fence.ts';
import { type GateOutcome, refuseOnRecord } from './decide/refusal.ts';
import { decideReply } from './decide/reply.ts';
import type { ClaimInput, GateInput } from './facts.ts';
import type { GateState } from './state.ts';

/**
 * The gate of a build: `(state, input) → decisions`. Signatures were verified and bytes recomputed before; here nothing is read,
 * so that the same evidence gives the same verdict (GT-06).
 */
export function decideGate(state: GateState, input: GateInput): GateOutcome {
  switch (input.type) {
    case 'reply':
      return decideReply(state, input);
    case 'freeze':
      return decideFreeze(state, input);
    case 'claim':
      return decideClaim(state, input);
  }
}

function decideClaim(state: GateState, input: ClaimInput & { now: string }): GateOutcome {
  switch (input.claim.claim) {
    case 'ADMIT':
      return input.admit === null ? missingFacts : decideAdmission(state, input, input.admit);
    case 'FENCE':
      return decideFence(state, input);
    case 'EXHAUSTED':
      return decideExhausted(state, input);
    case 'SKIP':
      return decideSkip(state, input);
    case 'CANCEL':
      return decideCancel(state, input);
    case 'CLOSE':
      return input.close === null ? missingFacts : decideClose(state, input, input.close);
    default:
      return refuseOnRecord(state, input, ['CLAIM_MALFORMED'], `${input.claim.claim} is no claim about a build`);
  }
}

const missingFacts: GateOutcome = {
  ok: false,
  code: 'GATE_EVIDENCE_MISSING',
  detail: 'the facts of the claim were not gathered',
};
