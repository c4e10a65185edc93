import { z } from 'zod';
import { artifactRefSchema, buildIdSchema, digestSchema, nameSchema, tenantIdSchema, timeSchema } from '../ids.ts';
import { decisionKinds, verdicts } from '../messages/decision.ts';
import { reasonCodeSchema } from '../reasons.ts';
import { buildOutcomes } from '../states.ts';
import { triggerTypes } from '../trigger.ts';

const stageRecordSchema = z.strictObject({
  stage: nameSchema,
  status: z.enum(['PASS', 'FAIL', 'ERROR', 'SKIP']),
  attempt: z.int().min(0),
  adapter: z.strictObject({ name: nameSchema, version: z.string() }).nullable(),
  idem_key: digestSchema,
  inputs: z.array(artifactRefSchema),
  outputs: z.array(artifactRefSchema),
  reason_codes: z.array(reasonCodeSchema),
  report: artifactRefSchema.nullable(),
  decision_digest: digestSchema,
  log_index: z.int().min(0),
  started_at: timeSchema,
  ended_at: timeSchema,
  duration_ms: z.int().min(0),
});

/**
 * What Kristal artifacts of a build were held against (GT-07): `native`, our own contracts alone; `official`, besides them the schemas that an operator
 * brought, by the content id of their folder, for the kinds that it has one for. Sealed in the admission.
 */
export const schemasUsedSchema = z.strictObject({
  source: z.enum(['native', 'official']),
  set_id: digestSchema.nullable(),
  kinds: z.array(nameSchema).max(16),
});
export type SchemasUsed = z.infer<typeof schemasUsedSchema>;

/** No official schemas. */
export const nativeAlone: SchemasUsed = { source: 'native', set_id: null, kinds: [] };

/**
 * Build Record v2: the superset of seed 000 and the public kOA record (BR-01 to BR-18), folded by audit from sealed decisions alone.
 * `record_hash` covers the deterministic core (no times, attempts, hosts), `envelope_hash` everything but the two hashes.
 * A record whose validation did not pass has `outputs.kristal: null` (BR-09).
 */
export const buildRecordSchema = z
  .strictObject({
    schema_version: z.literal('2.0.0'),
    tenant_id: tenantIdSchema,
    build_id: buildIdSchema,
    outcome: z.enum(buildOutcomes),
    reason_codes: z.array(reasonCodeSchema),
    created_at: timeSchema,
    ended_at: timeSchema,
    as_of: timeSchema,
    trigger: z.strictObject({
      type: z.enum(triggerTypes),
      actor: z.string(),
      reason: z.string(),
    }),
    rerun_of: buildIdSchema.nullable(),
    mandate_ref: digestSchema,
    pipeline: z.strictObject({ pipeline_id: nameSchema, version: z.string(), ref: digestSchema }),
    toolchain: z
      .record(z.string(), z.string())
      .meta({ description: 'Stage → adapter name and version, and orgo itself' }),
    contract_profile: z.record(z.string(), z.json()).nullable(),
    schemas: schemasUsedSchema,
    inputs: z.strictObject({
      admitted: z.array(artifactRefSchema),
      snapshot_set_ref: digestSchema.nullable(),
      snapshots: z.array(digestSchema),
      resources: z.array(artifactRefSchema),
    }),
    policy_selections: z.array(z.record(z.string(), z.json())),
    kristal_policy_selections: z.record(z.string(), z.json()).nullable(),
    compiler: z
      .strictObject({
        name: z.string(),
        version: z.string(),
        config_hash: z.string(),
        canonicalization_profile: z.string(),
        canonicalization_version: z.string(),
      })
      .nullable(),
    stages: z.array(stageRecordSchema),
    outputs: z.strictObject({
      validation: z.strictObject({
        status: z.enum(['PASS', 'FAIL', 'NOT_RUN']),
        report_ref: digestSchema.nullable(),
        codes: z.array(reasonCodeSchema),
      }),
      kristal: z
        .strictObject({
          kristal_id: digestSchema,
          exchange: artifactRefSchema,
          exchange_manifest: artifactRefSchema,
          pack_id: z.string().regex(/^[0-9a-f]{64}$/),
          pack_manifest: artifactRefSchema,
          pack_files: z.array(artifactRefSchema),
        })
        .nullable(),
    }),
    decisions: z.array(
      z.strictObject({
        digest: digestSchema,
        log_index: z.int().min(0),
        kind: z.enum(decisionKinds),
        verdict: z.enum(verdicts),
        stage: nameSchema.nullable(),
        attempt: z.int().min(0),
      }),
    ),
    log: z.strictObject({ origin: z.string(), first_index: z.int().min(0), last_index: z.int().min(0) }),
    trust_root_version: z.int().min(1),
    record_hash: digestSchema,
    envelope_hash: digestSchema,
  })
  .meta({ id: 'BuildRecord' });
export type BuildRecord = z.infer<typeof buildRecordSchema>;
