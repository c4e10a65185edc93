import type { Authorization, Digest, GateDecision } from '@orgo/contracts';
import { digestOfNothing } from '@orgo/core';
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
export function blankDecision(state: GateState, input: GateInput): GateDecision {
  const pins = pinsOf(state, input);
  if (input.type !== 'reply') return blankClaimDecision(input, pins);
  const { reply } = input;
  return {
    v: 1,
    kind: 'REFUSAL',
    verdict: 'NOTED',
    tenant_id: input.tenant_id,
    build_id: input.build_id,
    stage: reply.stage,
    attempt: reply.attempt,
    epoch: reply.epoch,
    final: false,
    idem_key: reply.idem_key,
    subject_digest: input.digest,
    subject_key_id: input.key_id,
    command_digest: reply.command_digest,
    reason_codes: [],
    inputs: [],
    outputs: [],
    authorizations: [],
    rests_on: [],
    report: null,
    adapter: reply.adapter,
    actor: `adapter:${input.adapter}`,
    pipeline_ref: pins.pipeline_ref,
    mandate_ref: pins.mandate_ref,
    root_version: input.root_version,
    as_of: pins.as_of,
    at: input.now,
    duration_ms: reply.duration_ms,
    detail: {},
  };
}

/** The permission to run a stage on exactly these inputs. */
export function authorizationOf(
  decision: GateDecision,
  stage: string,
  inputs: Authorization['inputs'],
  restsOn: readonly Digest[],
): Authorization {
  return {
    v: 1,
    tenant_id: decision.tenant_id,
    build_id: decision.build_id,
    stage,
    inputs,
    rests_on: [...new Set(restsOn)].slice(-64),
    subject_digest: decision.subject_digest,
    pipeline_ref: decision.pipeline_ref,
    mandate_ref: decision.mandate_ref,
    as_of: decision.as_of,
    root_version: decision.root_version,
  };
}
