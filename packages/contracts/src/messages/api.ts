import { z } from 'zod';
import {
  artifactRefSchema,
  buildIdSchema,
  caseIdSchema,
  digestSchema,
  nameSchema,
  subjectIdSchema,
  tenantIdSchema,
  timeSchema,
} from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';
import { buildPhases } from '../states.ts';
import { triggerTypes } from '../trigger.ts';
import { decisionKinds, verdicts } from './decision.ts';
import { nodeLabelsSchema } from './node-report.ts';

/** RFC 9457 problem document with Orgo's code. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: reasonCodeSchema,
    detail: z.string(),
    retryable: z.boolean(),
    help: z.string(),
    trace_id: z.string().nullable(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;

export const startBuildSchema = z
  .strictObject({
    pipeline: nameSchema,
    inputs: z.array(artifactRefSchema).min(1).max(16).meta({
      description:
        'The pipeline’s admission kinds but `pipeline` itself: build-request, mandate (the bundle) and mandate-signature (a DSSE envelope over it)',
    }),
    trigger: z.strictObject({
      type: z.enum(triggerTypes),
      actor: z.string().min(1).max(200),
      reason: z.string().max(500),
    }),
    rerun_of: buildIdSchema.nullable(),
  })
  .meta({ id: 'StartBuild' });
export type StartBuild = z.infer<typeof startBuildSchema>;

/** Answer to a start: a live identical request is refused, a finished one is returned as `replayed_from` and writes nothing (ID-13). */
export const buildStartedSchema = z
  .strictObject({
    build_id: buildIdSchema,
    tenant_id: tenantIdSchema,
    status: z.enum(buildPhases),
    replayed_from: buildIdSchema.nullable(),
    trace_id: z.string().nullable(),
  })
  .meta({ id: 'BuildStarted' });
export type BuildStarted = z.infer<typeof buildStartedSchema>;

const stageStatusSchema = z.object({
  stage: nameSchema,
  status: z
    .enum(['PASS', 'FAIL', 'ERROR', 'SKIP', 'RUNNING'])
    .meta({ description: 'RUNNING while a stage is open; absent stages were never reached' }),
  attempt: z.int(),
  reason_codes: z.array(reasonCodeSchema),
  outputs: z.array(artifactRefSchema),
  log_index: z.int().nullable(),
  duration_ms: z.int().nullable(),
});

/** The shape of `build status` and of `build start --wait --json`. */
export const buildStatusSchema = z
  .object({
    build_id: buildIdSchema,
    tenant_id: tenantIdSchema,
    pipeline: nameSchema,
    status: z.enum(buildPhases),
    reason_codes: z.array(reasonCodeSchema),
    as_of: timeSchema,
    trace_id: z.string().nullable(),
    stages: z.array(stageStatusSchema),
    validation: z.object({
      status: z.enum(['PASS', 'FAIL', 'NOT_RUN']),
      report_ref: digestSchema.nullable(),
      codes: z.array(reasonCodeSchema),
    }),
    kristal_id: digestSchema.nullable(),
    pack_id: z.string().nullable(),
    record_ref: digestSchema.nullable(),
    waiting_for: z.string().nullable().meta({ description: 'Why it is waiting, for a person' }),
    cases: z.array(caseIdSchema),
    version: z.int(),
  })
  .meta({ id: 'BuildStatus' });
export type BuildStatus = z.infer<typeof buildStatusSchema>;

export const buildActionSchema = z
  .strictObject({ actor: z.string().min(1).max(200), reason: z.string().max(500) })
  .meta({ id: 'BuildAction' });

/** A step of a Case's remedy. A gated one is only ever done by a person. */
export const caseTaskSchema = z
  .strictObject({
    task: nameSchema,
    status: z.enum(['OPEN', 'IN_PROGRESS', 'BLOCKED', 'COMPLETED', 'FAILED', 'CANCELLED']),
    gated: z.boolean(),
    actor: z.string().nullable(),
    decision_digest: digestSchema.nullable(),
    updated_at: timeSchema,
  })
  .meta({ id: 'CaseTask' });
export type CaseTask = z.infer<typeof caseTaskSchema>;

export const caseSchema = z
  .object({
    case_id: caseIdSchema,
    tenant_id: tenantIdSchema,
    build_id: buildIdSchema.nullable(),
    status: z.enum(['OPEN', 'IN_PROGRESS', 'BLOCKED', 'WAITING_REVIEW', 'COMPLETED', 'CANCELLED', 'FAILED']),
    type: nameSchema,
    severity: z.enum(['MINOR', 'MODERATE', 'MAJOR', 'CRITICAL']),
    title: z.string(),
    reason_codes: z.array(reasonCodeSchema),
    refs: z.array(artifactRefSchema),
    created_at: timeSchema,
    updated_at: timeSchema,
    subject: z
      .strictObject({ kind: z.enum(['build', 'release', 'node', 'channel']), ref: z.string() })
      .nullable()
      .meta({ description: 'What it is about, where that is no build' }),
    tasks: z.array(caseTaskSchema),
    audit: z.array(z.object({ at: timeSchema, type: z.string(), actor: z.string(), reason: z.string() })),
  })
  .meta({ id: 'Case' });
export type CaseView = z.infer<typeof caseSchema>;

/** A document that a build put aside. It stays aside until somebody has it taken again; its id is its digest. */
export const deadLetterSchema = z
  .object({
    ref: digestSchema.meta({ description: 'The document; what `requeue` and `drop` are told' }),
    path: z.string(),
    source_id: z.string(),
    size: z.int(),
    media_type: z.string(),
    stage: nameSchema,
    code: reasonCodeSchema,
    detail: z.string(),
    status: z.enum(['OPEN', 'REQUEUED', 'DROPPED']).meta({
      description: 'OPEN and DROPPED documents are left out by later builds; a REQUEUED one is taken again',
    }),
    build_id: buildIdSchema,
    case_id: caseIdSchema,
    created_at: timeSchema,
    marked: z.object({ at: timeSchema, actor: z.string(), reason: z.string() }).nullable(),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetterView = z.infer<typeof deadLetterSchema>;
/** All letters of one document, as they are now. */
export const deadLettersMarkedSchema = z.object({ items: z.array(deadLetterSchema) });

export const checkpointViewSchema = z
  .object({
    tenant_id: tenantIdSchema,
    origin: z.string(),
    tree_size: z.int(),
    root_hash: z.string(),
    checkpoint: z.string(),
    vkeys: z
      .array(z.string())
      .meta({ description: 'Verifier keys of the log, as the trust root lists them (C2SP signed-note)' }),
    cosigned: z
      .object({
        tree_size: z.int(),
        checkpoint: z.string(),
        witnesses: z.array(z.object({ name: z.string(), at: timeSchema })),
        quorum: z.boolean(),
      })
      .nullable()
      .meta({ description: 'The newest checkpoint that witnesses have cosigned; null where none has' }),
  })
  .meta({ id: 'CheckpointView' });
export type CheckpointView = z.infer<typeof checkpointViewSchema>;

export const inclusionProofSchema = z
  .object({
    index: z.int(),
    size: z.int(),
    leaf: z.string().meta({ description: 'Base64 of the leaf bytes' }),
    path: z.array(z.string()),
    root: z.string(),
    checkpoint: z.string(),
  })
  .meta({ id: 'InclusionProof' });
export type InclusionProofView = z.infer<typeof inclusionProofSchema>;

/** That the log of `from` entries is the beginning of the log of `to`: RFC 9162 section 2.1.4. */
export const consistencyProofSchema = z
  .object({
    from: z.int().meta({ description: 'At least 1: every log begins with nothing' }),
    to: z.int(),
    from_root: z.string(),
    root: z.string(),
    path: z.array(z.string()),
    checkpoint: z.string(),
  })
  .meta({ id: 'ConsistencyProof' });
export type ConsistencyProofView = z.infer<typeof consistencyProofSchema>;

/** Result of reading everything back: what was checked and where it is broken. */
export const fsckSchema = z
  .object({
    tenant_id: tenantIdSchema,
    ok: z.boolean(),
    entries: z.int(),
    artifacts: z.int(),
    bytes: z.int(),
    findings: z.array(
      z.object({
        code: reasonCodeSchema,
        place: z.string().meta({
          description: 'e.g. log/17, artifact/sha256:…, checkpoint/42; of rows build/bld_…, release/rel_…, channel/…',
        }),
        detail: z.string(),
      }),
    ),
  })
  .meta({ id: 'FsckReport' });
export type FsckReport = z.infer<typeof fsckSchema>;

/** What the log says of one build, release, trust root or change of a channel: its entries in order. A state row is held against it. */
export const loggedSubjectSchema = z
  .object({
    subject_id: subjectIdSchema,
    entries: z.array(
      z.object({
        index: z.int(),
        kind: z.enum(decisionKinds),
        verdict: z.enum(verdicts),
        stage: nameSchema.nullable(),
        reason_codes: z.array(reasonCodeSchema),
        outputs: z.array(digestSchema),
        detail: z.record(z.string(), z.json()).meta({ description: 'As the decision has it' }),
      }),
    ),
  })
  .meta({ id: 'LoggedSubject' });
export type LoggedSubject = z.infer<typeof loggedSubjectSchema>;

/** What each key signed, as the entries of the log say: decisions under their own signature, and claims, replies and reports that were decided. */
export const keyUsesSchema = z
  .object({
    tenant_id: tenantIdSchema,
    tree_size: z.int().meta({ description: 'Entries that were read' }),
    uses: z.array(
      z.object({
        key_id: z.string(),
        signed: z.enum(['decision', 'subject']).meta({ description: 'The entry itself, or what it decides about' }),
        kind: z.string().meta({ description: 'Kind of the decision' }),
        entries: z.int(),
        first: z.int(),
        last: z.int(),
        first_at: timeSchema,
        last_at: timeSchema,
      }),
    ),
  })
  .meta({ id: 'KeyUses' });
export type KeyUses = z.infer<typeof keyUsesSchema>;

/** Signed list of everything an auditor needs; the command line fetches each file by digest into a folder. */
export const bundleSchema = z
  .object({
    inventory: z.object({
      payloadType: z.string(),
      payload: z.string(),
      signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
    }),
    files: z.array(
      z.object({
        path: z.string(),
        digest: digestSchema,
        size: z.int(),
        content: z.string().nullable().meta({ description: 'Base64 where the file is no artifact' }),
      }),
    ),
  })
  .meta({ id: 'EvidenceBundle' });
export type EvidenceBundle = z.infer<typeof bundleSchema>;

export const joinNodeSchema = z
  .strictObject({
    instance_id: nameSchema,
    channel: nameSchema,
    public_key: z.string().meta({ description: 'Base64 of the node’s raw Ed25519 public key' }),
    labels: nodeLabelsSchema.default({}),
  })
  .meta({ id: 'JoinNode' });
export const nodeSchema = z
  .object({
    instance_id: nameSchema,
    tenant_id: tenantIdSchema,
    channel: nameSchema,
    key_id: z.string(),
    labels: nodeLabelsSchema,
    enrollment: z.int().nullable().meta({
      description:
        'Place in the order in which the channel’s nodes were enrolled; cohorts frozen before know nothing of it',
    }),
    active_pack_id: z.string().nullable(),
    last_report_at: timeSchema.nullable(),
    health: z.string(),
  })
  .meta({ id: 'Node' });
export type NodeView = z.infer<typeof nodeSchema>;
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });
