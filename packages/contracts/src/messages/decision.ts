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
import { type ReasonCode, reasonCodeSchema } from '../reasons.ts';
import { signedItemSchema } from '../signed-item.ts';

/** What was decided about. One leaf of the log per decision. */
export const decisionKinds = [
  'ADMISSION',
  'STAGE',
  'ATTEMPT',
  'FENCE',
  'REFUSAL',
  'CANCEL',
  'RECORD',
  'RELEASE',
  'NODE_JOIN',
  'NODE_REPORT',
  'RELEASE_STEP',
  'RELEASE_CLOSE',
  'CHANNEL_CHANGE',
  'ROLLBACK',
  'TRUST_ROOT',
] as const;

/**
 * PASS and FAIL judge content, ERROR says the world failed, SKIP a stage that was not needed,
 * FENCED that lower epochs are refused, LOST that a PASS committed before the fence, NOTED that something is on record and changes nothing.
 */
export const verdicts = ['PASS', 'FAIL', 'ERROR', 'SKIP', 'FENCED', 'LOST', 'NOTED'] as const;
export type Verdict = (typeof verdicts)[number];

/**
 * A gate decision: a function of recorded evidence and pinned policy, signed by the gatekeeper.
 * Its payload text is the leaf of the tenant's log, at most 65,535 bytes; reports and artifacts are named by digest.
 */
export const decisionSchema = z
  .strictObject({
    v: z.literal(1),
    kind: z.enum(decisionKinds),
    verdict: z.enum(verdicts),
    tenant_id: tenantIdSchema,
    build_id: subjectIdSchema,
    stage: nameSchema.nullable(),
    attempt: z.int().min(0),
    epoch: z.int().min(0),
    final: z.boolean().meta({ description: 'True for the one decision that ends the stage or the subject' }),
    idem_key: digestSchema,
    subject_digest: digestSchema.meta({ description: 'Digest of the reply or claim payload that was decided' }),
    subject_key_id: z
      .string()
      .max(128)
      .meta({ description: 'Key that signed the subject; empty when its signature did not verify' }),
    command_digest: digestSchema.nullable(),
    reason_codes: z.array(reasonCodeSchema).max(64),
    inputs: z.array(artifactRefSchema).max(256),
    outputs: z.array(artifactRefSchema).max(512),
    authorizations: z
      .array(digestSchema)
      .max(16)
      .meta({ description: 'Digests of the authorizations this decision gives' }),
    rests_on: z.array(digestSchema).max(64),
    report: artifactRefSchema.nullable().meta({ description: 'The stage report; audit seals only what it can read' }),
    adapter: z.strictObject({ name: nameSchema, version: z.string().max(64) }).nullable(),
    actor: z.string().min(1).max(200),
    pipeline_ref: digestSchema,
    mandate_ref: digestSchema,
    root_version: z.int().min(1),
    as_of: timeSchema,
    at: timeSchema.meta({ description: 'Database clock of the gatekeeper at the decision' }),
    duration_ms: z.int().min(0),
    detail: z
      .record(z.string(), z.json())
      .meta({ description: 'Facts of the kind, bounded; e.g. kristal_id, pack_id, trigger, channel' }),
  })
  .meta({ id: 'GateDecision' });
export type GateDecision = z.infer<typeof decisionSchema>;

/** Services that fold receipts. */
export const receiptServices = ['orchestrator', 'release'] as const;
export type ReceiptService = (typeof receiptServices)[number];

/** Who folds the receipt of a decision first. It follows from what was decided, which is signed, so nobody on the road can divert it. */
export const receiptServiceOf = {
  ADMISSION: 'orchestrator',
  STAGE: 'orchestrator',
  ATTEMPT: 'orchestrator',
  FENCE: 'orchestrator',
  REFUSAL: 'orchestrator',
  CANCEL: 'orchestrator',
  RECORD: 'orchestrator',
  RELEASE: 'release',
  NODE_JOIN: 'release',
  NODE_REPORT: 'release',
  RELEASE_STEP: 'release',
  RELEASE_CLOSE: 'release',
  CHANNEL_CHANGE: 'release',
  ROLLBACK: 'release',
  TRUST_ROOT: 'release',
} as const satisfies Record<GateDecision['kind'], ReceiptService>;

/** Codes for which a person has to look at a node or a release: integrity, keys, and what is not as it was confirmed (IR-06). */
export const caseCodes: readonly string[] = [
  'STATE_DRIFT',
  'HASH_MISMATCH',
  'FILE_HASH_MISMATCH',
  'FILE_UNDECLARED',
  'MANIFEST_ID_MISMATCH',
  'SIGNATURE_INVALID',
  'METADATA_INVALID',
  'METADATA_ROLLBACK',
  'SNAPSHOT_MISMATCH',
  'FAST_FORWARD_SUSPECTED',
  'RELEASE_SUBSTITUTED',
  'DOWNGRADE_BLOCKED',
  'RELEASE_UNAUTHORIZED',
  'ROLLBACK_UNAUTHORIZED',
  'CLAIM_SIGNER_UNTRUSTED',
  'KEY_UNKNOWN',
  'KEY_REVOKED',
  'KEY_NOT_TRUSTED_FOR_ROLE',
  'THRESHOLD_NOT_MET',
  'TRUST_ROOT_EXPIRED',
  'ROOT_VERSION_GAP',
  'ROOT_CONTINUITY_FAILED',
  'PACK_REVOKED',
] satisfies ReasonCode[];

/**
 * Everyone who folds the receipt of a decision. The orchestrator also hears of what opens or moves a Case: changes of channels, rollbacks, and
 * whatever has one of `caseCodes`.
 */
export function receiptServicesOf({
  kind,
  reason_codes,
}: Pick<GateDecision, 'kind' | 'reason_codes'>): readonly ReceiptService[] {
  const first: ReceiptService = receiptServiceOf[kind];
  if (first === 'orchestrator') return [first];
  const isCase =
    kind === 'CHANNEL_CHANGE' || kind === 'ROLLBACK' || reason_codes.some((code) => caseCodes.includes(code));
  return isCase ? [first, 'orchestrator'] : [first];
}

export const decisionItemSchema = z
  .strictObject({
    decision: signedItemSchema,
    authorizations: z.array(signedItemSchema).max(16),
    traceparent: traceparentSchema.nullable(),
  })
  .meta({ id: 'DecisionItem' });
export type DecisionItem = z.infer<typeof decisionItemSchema>;
