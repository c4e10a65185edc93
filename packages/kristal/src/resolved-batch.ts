import { z } from 'zod';
import { ToolSchema } from './claim-ir-batch.ts';
import { DigestTextSchema } from './digest-text.ts';

/**
 * The answer to a Claim-IR batch: one Resolved Claim-IR document per member, in the order of the members they answer, so that
 * line `i` here answers line `i` there whatever `as_of` is.
 */
export const ResolvedBatchSchema = z.strictObject({
  kind: z.literal('resolved-batch'),
  batch_version: z.literal('1'),
  data_ref: DigestTextSchema,
  claim_ir_batch_ref: DigestTextSchema,
  resolution_run_ref: DigestTextSchema,
  resolver: ToolSchema,
  members: z.array(
    z.strictObject({
      ref: DigestTextSchema,
      claim_ir_ref: DigestTextSchema,
      doc_id: z.string().min(1),
      line: z.int().min(1),
    }),
  ),
});
export type ResolvedBatch = z.infer<typeof ResolvedBatchSchema>;

export const resolvedKinds = {
  batch: 'resolved-batch',
  lines: 'resolved-lines',
  run: 'resolution-run',
} as const;

/** Diagnostics of a resolution, in kOA's words. */
export const ResolutionDiagnosticCodeSchema = z.enum([
  'RESOLVE_ENTITY_NOT_FOUND',
  'RESOLVE_ENTITY_AMBIGUOUS',
  'RESOLVE_PROPERTY_NOT_FOUND',
  'RESOLVE_PROPERTY_AMBIGUOUS',
  'NORMALIZE_LITERAL_INVALID',
  'NORMALIZE_LITERAL_LOSSY',
  'EVIDENCE_POINTER_INVALID',
  'POLICY_VIOLATION',
  'RESOURCE_VERSION_MISSING',
  'INTERNAL_RESOLVER_ERROR',
]);
export type ResolutionDiagnosticCode = z.infer<typeof ResolutionDiagnosticCodeSchema>;

/** Fixed template and parameters (ST-27): `claim_ref` is null for the subject of a document. */
export const ResolutionDiagnosticSchema = z.strictObject({
  code: ResolutionDiagnosticCodeSchema,
  severity: z.enum(['ERROR', 'WARNING', 'INFO']),
  claim_ir_ref: DigestTextSchema,
  claim_ref: z.string().nullable(),
  path: z.string(),
  template: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type ResolutionDiagnostic = z.infer<typeof ResolutionDiagnosticSchema>;

/** What the resolution contract asks for and Resolved Claim-IR has no room for. */
export const ResolutionRunSchema = z.strictObject({
  kind: z.literal('resolution-run'),
  run_version: z.literal('1'),
  run_id: z.string().min(1),
  as_of: z.string().min(1),
  resolver: ToolSchema,
  claim_ir_batch_ref: DigestTextSchema,
  resources: z.strictObject({
    entities: DigestTextSchema,
    properties: DigestTextSchema,
  }),
  hints_used: z.boolean(),
  hint_refs: z.array(DigestTextSchema),
  policies: z.strictObject({
    candidate_top_k: z.strictObject({
      entity: z.int().min(1),
      property: z.int().min(1),
    }),
    tie_breakers: z.array(z.string()),
    normalization_ruleset_id: z.string(),
    scoring_ruleset_id: z.string(),
    thresholds_bp: z.record(z.string(), z.int()),
  }),
  summary: z.record(z.string(), z.int().min(0)),
  diagnostics: z.array(ResolutionDiagnosticSchema),
});
export type ResolutionRun = z.infer<typeof ResolutionRunSchema>;
