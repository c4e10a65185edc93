import { z } from 'zod';
import { EvidenceSourceSchema, OffsetsSchema } from './claim-ir.ts';
import { DateTimeSchema, LangSchema, LiteralObjectSchemas, ScoreSchema, Sha256Schema } from './claim-ir-values.ts';
import { PidSchema, QidSchema } from './statement.ts';

/** Resolved Claim-IR 3.0: one Claim-IR document, each claim answered under its `claim_id`, ambiguity kept. */

export const ResolvedWarningCodeSchema = z.enum([
  'AMBIGUOUS_SUBJECT',
  'AMBIGUOUS_PREDICATE',
  'UNRESOLVED_QID',
  'UNRESOLVED_PID',
  'VALUE_NORMALIZATION_NEEDED',
  'LOW_CONFIDENCE_RESOLUTION',
  'LIMIT_REACHED',
  'EVIDENCE_WEAK',
]);
export type ResolvedWarningCode = z.infer<typeof ResolvedWarningCodeSchema>;

const notice = <T extends z.ZodType>(code: T) =>
  z.strictObject({
    code,
    message: z.string().min(1),
    path: z.string().optional(),
  });
export const ResolvedWarningSchema = notice(ResolvedWarningCodeSchema);
export type ResolvedWarning = z.infer<typeof ResolvedWarningSchema>;

export const ResolutionStatusSchema = z.enum(['resolved', 'ambiguous', 'unresolved', 'failed']);
export type ResolutionStatus = z.infer<typeof ResolutionStatusSchema>;

/** `method` is absent where lexical and context scores decided: the external list has no word for that; `notes` names the rule. */
export const DecisionSchema = z.strictObject({
  method: z.enum(['exact_match', 'alias_match', 'embedding_rank', 'judge', 'human']).optional(),
  score_threshold: ScoreSchema.optional(),
  chosen_candidate_index: z.int().min(0).optional(),
  notes: z.string().optional(),
});
export type ResolutionDecision = z.infer<typeof DecisionSchema>;

const candidate = <T extends z.ZodType>(id: T) =>
  z.strictObject({
    id,
    score: ScoreSchema,
    label: z.string().optional(),
    description: z.string().optional(),
    source: z.string().optional(),
  });
export const ResolvedCandidateSchema = candidate(z.union([QidSchema, PidSchema]));
export type ResolvedCandidate = z.infer<typeof ResolvedCandidateSchema>;

const shared = {
  status: ResolutionStatusSchema,
  surface: z.string().min(1).optional(),
  lang: LangSchema.optional(),
  decision: DecisionSchema.optional(),
  warnings: z.array(ResolvedWarningSchema).optional(),
};
const open = (status: ResolutionStatus) => status === 'ambiguous' || status === 'unresolved';

/** Candidates are ordered by score descending, then id by number, then text; at most top-K of them. */
export const EntityResolutionSchema = z
  .strictObject({
    ...shared,
    qid: QidSchema.optional(),
    candidates: z.array(candidate(QidSchema)).optional(),
  })
  .refine((r) => (r.status === 'resolved') === (r.qid !== undefined), 'qid is present exactly when resolved')
  .refine(
    (r) => !open(r.status) || r.surface !== undefined || r.candidates !== undefined,
    'surface or candidates is required',
  );
export type EntityResolution = z.infer<typeof EntityResolutionSchema>;

export const PredicateResolutionSchema = z
  .strictObject({
    ...shared,
    pid: PidSchema.optional(),
    candidates: z.array(candidate(PidSchema)).optional(),
  })
  .refine((r) => (r.status === 'resolved') === (r.pid !== undefined), 'pid is present exactly when resolved')
  .refine(
    (r) => !open(r.status) || r.surface !== undefined || r.candidates !== undefined,
    'surface or candidates is required',
  );
export type PredicateResolution = z.infer<typeof PredicateResolutionSchema>;

export const ResolvedObjectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('item'), value: EntityResolutionSchema }),
  ...LiteralObjectSchemas.map((s) => s.extend({ normalized: z.strictObject({ notes: z.string() }).optional() })),
] as [
  z.ZodObject<{ kind: z.ZodLiteral<'item'>; value: typeof EntityResolutionSchema }, z.core.$strict>,
  ...LiteralWithNotes,
]);
type WithNotes<T> =
  T extends z.ZodObject<infer S, infer C>
    ? z.ZodObject<
        S & {
          normalized: z.ZodOptional<z.ZodObject<{ notes: z.ZodString }, z.core.$strict>>;
        },
        C
      >
    : never;
type LiteralWithNotes = {
  -readonly [K in keyof typeof LiteralObjectSchemas]: WithNotes<(typeof LiteralObjectSchemas)[K]>;
};
export type ResolvedObject = z.infer<typeof ResolvedObjectSchema>;

/** As in Claim-IR without `selector`: the selector stays reachable through `claim_id` and `claim_ir_hash`. */
export const ResolvedEvidenceSchema = z.strictObject({
  source: EvidenceSourceSchema,
  quote: z.string().optional(),
  page: z.int().min(1).optional(),
  offsets: OffsetsSchema.optional(),
});

/** Alternatives of a claim are claims of their own; `notes` of each member carries `alternativeGroupNote(claim_id of the first)`. */
export const ResolvedClaimSchema = z.strictObject({
  claim_id: z.string().min(1),
  predicate: PredicateResolutionSchema,
  object: ResolvedObjectSchema,
  qualifiers: z
    .array(
      z.strictObject({
        predicate: PredicateResolutionSchema,
        object: ResolvedObjectSchema,
      }),
    )
    .optional(),
  evidence: z.array(ResolvedEvidenceSchema).optional(),
  uncertainty: z
    .strictObject({
      confidence: ScoreSchema.optional(),
      method: z.string().optional(),
      notes: z.string().optional(),
    })
    .optional(),
  notes: z.string().optional(),
});
export type ResolvedClaim = z.infer<typeof ResolvedClaimSchema>;

const count = z.int().min(0);
export const ResolvedClaimIrSchema = z.strictObject({
  schema_version: z.literal('3.0'),
  input: z.strictObject({
    claim_ir_ref: z.strictObject({
      doc_id: z.string().optional(),
      source_id: z.string().optional(),
      source_url: z.string().optional(),
      run_id: z.string().optional(),
    }),
    claim_ir_hash: Sha256Schema,
  }),
  resolution: z.strictObject({
    run_id: z.string().min(1),
    created_at: DateTimeSchema,
    resolver: z.strictObject({
      name: z.string().min(1),
      version: z.string().min(1),
      kind: z.enum(['sentient', 'hybrid', 'human']).optional(),
    }),
    limits: z
      .strictObject({
        timeout_ms: z.int().min(1).optional(),
        max_candidates: z.int().min(1).optional(),
        max_hops: count.optional(),
        max_calls: z.int().min(1).optional(),
      })
      .optional(),
    summary: z
      .strictObject({
        entities_resolved: count,
        entities_ambiguous: count,
        entities_unresolved: count,
        properties_resolved: count,
        properties_ambiguous: count,
        properties_unresolved: count,
        warnings: count,
      })
      .optional(),
    notes: z.string().optional(),
  }),
  subject: EntityResolutionSchema,
  claims: z.array(ResolvedClaimSchema),
  warnings: z.array(ResolvedWarningSchema).optional(),
  errors: z
    .array(notice(z.enum(['SCHEMA_INVALID', 'RESOLUTION_FAILED', 'INVALID_VALUE_SHAPE', 'UNSUPPORTED_KIND'])))
    .optional(),
});
export type ResolvedClaimIr = z.infer<typeof ResolvedClaimIrSchema>;

const groupPrefix = 'alternative-group:';

/** The `notes` text that marks a claim as one reading of "A or B". Readings of one group share the first reading's claim id. */
export function alternativeGroupNote(firstClaimId: string): string {
  return `${groupPrefix}${firstClaimId}`;
}

/** The group of a claim, or undefined where it stands alone. */
export function alternativeGroupOf(claim: { notes?: string | undefined }): string | undefined {
  return claim.notes?.startsWith(groupPrefix) ? claim.notes.slice(groupPrefix.length) : undefined;
}
