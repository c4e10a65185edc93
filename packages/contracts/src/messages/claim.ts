import { z } from 'zod';
import {
  artifactRefSchema,
  digestSchema,
  nameSchema,
  subjectIdSchema,
  tenantIdSchema,
  timeSchema,
  traceparentSchema,
} from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';
import { signedItemSchema } from '../signed-item.ts';
import { sealSchema } from './seal.ts';

/**
 * What a service asks the gatekeeper to decide where no adapter answers. Signed by the role named beside each kind.
 * The gatekeeper decides claims as it decides replies; a claim never carries its own verdict.
 */
export const claimKinds = {
  ADMIT: { role: 'orchestrator', help: 'Turn zero: admit a build and authorize its first stage' },
  FENCE: { role: 'orchestrator', help: 'Fence a stage before it is reissued; whichever commits first wins' },
  EXHAUSTED: {
    role: 'orchestrator',
    help: 'Attempts are used up: the stage ends ERROR (or FAIL where the pipeline says so)',
  },
  SKIP: { role: 'orchestrator', help: 'The pipeline marks the stage optional and its condition is not met' },
  CANCEL: { role: 'orchestrator', help: 'A person asked to cancel: nothing more is authorized' },
  CLOSE: { role: 'orchestrator', help: 'Fold, check and sign the Build Record, and seal it as the last leaf' },
  RELEASE: { role: 'release', help: 'Verify every byte of Exchange and Pack and authorize publication to a channel' },
  NODE_JOIN: { role: 'release', help: 'Enroll a node: its instance id, channel and public key' },
  NODE_REPORT: { role: 'release', help: 'Verify a node’s signed, nonce-bound report' },
  RELEASE_STEP: { role: 'release', help: 'Open the next cohort of a release' },
  RELEASE_CLOSE: { role: 'release', help: 'Seal the end of a release' },
  CHANNEL_CHANGE: {
    role: 'release',
    help: 'Pin, freeze, revoke or put aside a pack, or raise the floor of a channel: named actor and reason',
  },
  ROLLBACK: { role: 'release', help: 'Give leave to go back to an older pack, after every byte of it was read again' },
  TRUST_ROOT: {
    role: 'release',
    help: 'Put a new trust root of the tenant on record: what it dropped is judged by this place in the log',
  },
} as const;
export const claimKindSchema = z.enum(
  Object.keys(claimKinds) as [keyof typeof claimKinds, ...(keyof typeof claimKinds)[]],
);
export type ClaimKind = z.infer<typeof claimKindSchema>;

export const claimSchema = z
  .strictObject({
    v: z.literal(1),
    claim: claimKindSchema,
    tenant_id: tenantIdSchema,
    build_id: subjectIdSchema.meta({ description: 'The build, or the release for release claims' }),
    stage: nameSchema.nullable(),
    attempt: z.int().min(0),
    epoch: z.int().min(0).meta({ description: 'For FENCE: the new fence; lower epochs are refused from then on' }),
    idem_key: digestSchema,
    as_of: timeSchema,
    pipeline_ref: digestSchema,
    mandate_ref: digestSchema,
    inputs: z
      .array(artifactRefSchema)
      .max(256)
      .meta({ description: 'ADMIT: build request, mandate, pipeline, resources' }),
    reason_codes: z.array(reasonCodeSchema).max(64),
    actor: z.string().min(1).max(200).meta({ description: 'Principal that caused it, never “system” for a human act' }),
    detail: z
      .record(z.string(), z.json())
      .meta({ description: 'Facts of the kind: trigger, channel, outcome, report envelope' }),
  })
  .meta({ id: 'GateClaim' });
export type GateClaim = z.infer<typeof claimSchema>;

/** Evidence that a claim rests on: a sealed decision of this tenant (RELEASE brings the sealed record). */
export const sealedDecisionSchema = z
  .strictObject({ decision: signedItemSchema, seal: sealSchema })
  .meta({ id: 'SealedDecision' });
export type SealedDecision = z.infer<typeof sealedDecisionSchema>;

export const claimItemSchema = z
  .strictObject({
    claim: signedItemSchema,
    evidence: z.array(sealedDecisionSchema).max(8),
    traceparent: traceparentSchema.nullable(),
  })
  .meta({ id: 'ClaimItem' });
export type ClaimItem = z.infer<typeof claimItemSchema>;
