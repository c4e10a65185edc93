import type { GateDecision } from '@orgo/contracts';
import { blankDecision, digestOfNothing } from '@orgo/core';
import { blankClaimDecision } from './claim-decision.ts';
import type { GateInput } from './facts.ts';
import type { GateState } from './state.ts';

type Pins = Pick<GateDecision, 'pipeline_ref' | 'mandate_ref' | 'as_of'>;

/** What the subject was pinned to: as admitted; as a first claim says; nothing at all for a build nobody admitted. */
function pinsOf(state: GateState, input: GateInput): Pins {
  if (state.admission !== null) return state.admission;
  if (input.type === 'claim' && input.claim.claim === 'ADMIT') return input.claim;
  return { pipeline_ref: digestOfNothing, mandate_ref: digestOfNothing, as_of: input.now };
}

/** A decision that says nothing yet: everything that follows from the input alone. */
export function headerOf(state: GateState, input: GateInput): GateDecision {
  const pins = pinsOf(state, input);
  if (input.type !== 'reply') return blankClaimDecision(input, pins);
  const { reply } = input;
  return blankDecision({
    kind: 'REFUSAL',
    tenant_id: input.tenant_id,
    build_id: input.build_id,
    stage: reply.stage,
    attempt: reply.attempt,
    epoch: reply.epoch,
    idem_key: reply.idem_key,
    subject_digest: input.digest,
    subject_key_id: input.key_id,
    command_digest: reply.command_digest,
    adapter: reply.adapter,
    actor: `adapter:${input.adapter}`,
    pipeline_ref: pins.pipeline_ref,
    mandate_ref: pins.mandate_ref,
    root_version: input.root_version,
    as_of: pins.as_of,
    at: input.now,
    duration_ms: reply.duration_ms,
  });
}
