import type { ReasonCode } from '@orgo/contracts';
import type { Outcome } from '@orgo/core';
import { blankClaimDecision } from '../claim-decision.ts';
import { type DecisionSend, sendOf } from '../decision.ts';
import type { ReleaseInput } from './facts.ts';
import type { ReleaseEvent } from './machine.ts';
import type { ReleaseGate, ReleasePins } from './state.ts';

export type ReleaseOutcome = Outcome<ReleaseEvent, DecisionSend, never>;

const maxNoted = 64;

/** What a release is pinned to, or what the claim names before anything was decided. */
export const pinsOf = (state: ReleaseGate, { claim }: ReleaseInput): ReleasePins =>
  state.pins ?? { pipeline_ref: claim.pipeline_ref, mandate_ref: claim.mandate_ref, as_of: claim.as_of };

/** Refuses, and puts the refusal on record as far as there is room. */
export function note(state: ReleaseGate, input: ReleaseInput, code: ReasonCode, detail: string): ReleaseOutcome {
  if (state.noted >= maxNoted || state.phase === 'ENDED') return { ok: false, code, detail };
  const send = sendOf({
    ...blankClaimDecision(input, pinsOf(state, input)),
    reason_codes: [code],
    detail: { why: detail },
  });
  return { ok: false, code, detail, events: [{ type: 'RELEASE_NOTED', decision: send.digest }], sends: [send] };
}
