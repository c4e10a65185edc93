import type { Digest, GateClaim, GateDecision } from '@orgo/contracts';
import { blankDecision } from '@orgo/core';

/** What every verified claim brings. */
export type VerifiedClaim = {
  tenant_id: string;
  build_id: string;
  digest: Digest;
  key_id: string;
  root_version: number;
  claim: GateClaim;
  now: string;
};

/** A decision about a claim that says nothing yet. */
export const blankClaimDecision = (
  input: VerifiedClaim,
  pins: Pick<GateDecision, 'pipeline_ref' | 'mandate_ref' | 'as_of'>,
): GateDecision =>
  blankDecision({
    kind: 'REFUSAL',
    tenant_id: input.tenant_id,
    build_id: input.build_id,
    stage: input.claim.stage,
    attempt: input.claim.attempt,
    epoch: input.claim.epoch,
    idem_key: input.claim.idem_key,
    subject_digest: input.digest,
    subject_key_id: input.key_id,
    actor: input.claim.actor,
    pipeline_ref: pins.pipeline_ref,
    mandate_ref: pins.mandate_ref,
    root_version: input.root_version,
    as_of: pins.as_of,
    at: input.now,
  });
