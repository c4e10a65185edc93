import { z } from 'zod';
import {
  DateTimeSchema,
  EntityCandidateSchema,
  LangSchema,
  LiteralObjectSchemas,
  PropertyCandidateSchema,
  ScoreSchema,
  Sha256Schema,
} from './claim-ir-values.ts';
import { Hex64Schema } from './digest-text.ts';
import { PidSchema, QidSchema } from './statement.ts';

/** Claim-IR 3.0: one document, one subject. An extractor's proposal; nothing in it is resolved or normative. */

const named = (o: { surface?: string | undefined }, id: string | undefined) =>
  o.surface !== undefined || id !== undefined;

/** A mention of an entity. Prose extraction fills `surface` only; ids that a source states come as `candidates`. */
export const EntityRefSchema = z
  .strictObject({
    qid: QidSchema.optional(),
    surface: z.string().min(1).optional(),
    lang: LangSchema.optional(),
    candidates: z.array(EntityCandidateSchema).optional(),
  })
  .refine((r) => named(r, r.qid), 'qid or surface is required');
export type EntityRef = z.infer<typeof EntityRefSchema>;

export const PredicateRefSchema = z
  .strictObject({
    pid: PidSchema.optional(),
    surface: z.string().min(1).optional(),
    lang: LangSchema.optional(),
    candidates: z.array(PropertyCandidateSchema).optional(),
  })
  .refine((r) => named(r, r.pid), 'pid or surface is required');
export type PredicateRef = z.infer<typeof PredicateRefSchema>;

export const ClaimObjectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('item'), value: EntityRefSchema }),
  ...LiteralObjectSchemas,
]);
export type ClaimObject = z.infer<typeof ClaimObjectSchema>;

export const EvidenceSourceSchema = z
  .strictObject({
    source_url: z.string().min(1).optional(),
    source_id: z.string().min(1).optional(),
    title: z.string().optional(),
    retrieved_at: DateTimeSchema.optional(),
  })
  .refine((s) => s.source_url !== undefined || s.source_id !== undefined, 'source_url or source_id is required');

/** Half open, in Unicode code points of the decoded snapshot text; the batch manifest records the unit. */
export const OffsetsSchema = z.strictObject({
  start_char: z.int().min(0),
  end_char: z.int().min(0),
});
export type Offsets = z.infer<typeof OffsetsSchema>;

export const SelectorSchema = z.strictObject({
  kind: z.enum(['css', 'xpath', 'json_pointer', 'pdf_region']),
  value: z.string(),
});

/**
 * Where a claim is written. With `offsets`, `quote` is exactly that slice of the snapshot text. With a `json_pointer` selector,
 * `quote` is the RFC 8785 text of the value the pointer names.
 */
export const EvidenceSchema = z.strictObject({
  source: EvidenceSourceSchema,
  quote: z.string().optional(),
  page: z.int().min(1).optional(),
  offsets: OffsetsSchema.optional(),
  selector: SelectorSchema.optional(),
});
export type Evidence = z.infer<typeof EvidenceSchema>;

export const UncertaintySchema = z.strictObject({
  confidence: ScoreSchema.optional(),
  confidence_interval: z.strictObject({ low: ScoreSchema, high: ScoreSchema }).optional(),
  method: z.string().optional(),
  notes: z.string().optional(),
});

export const ClaimQualifierSchema = z.strictObject({
  predicate: PredicateRefSchema,
  object: ClaimObjectSchema,
});
export type ClaimQualifier = z.infer<typeof ClaimQualifierSchema>;

/** `claim_id` is required here although the external schema leaves it optional: resolution answers by it. */
export const ClaimSchema = z.strictObject({
  claim_id: z.string().regex(/^c:[0-9a-f]{32}$/),
  predicate: PredicateRefSchema,
  object: ClaimObjectSchema,
  qualifiers: z.array(ClaimQualifierSchema).optional(),
  evidence: z.array(EvidenceSchema).optional(),
  confidence: ScoreSchema.optional(),
  uncertainty: UncertaintySchema.optional(),
  get alternatives(): z.ZodOptional<z.ZodArray<typeof ClaimSchema>> {
    return z.array(ClaimSchema).optional();
  },
  notes: z.string().optional(),
});
export type Claim = z.infer<typeof ClaimSchema>;

export const ClaimIrWarningCodeSchema = z.enum([
  'NO_CLAIMS_EXTRACTED',
  'LOW_CONFIDENCE_EXTRACTION',
  'AMBIGUOUS_SUBJECT',
  'AMBIGUOUS_PREDICATE',
  'UNRESOLVED_QID',
  'UNRESOLVED_PID',
  'EVIDENCE_MISSING',
  'EVIDENCE_WEAK',
  'VALUE_NORMALIZATION_NEEDED',
]);
export type ClaimIrWarningCode = z.infer<typeof ClaimIrWarningCodeSchema>;

const notice = <T extends z.ZodType>(code: T) =>
  z.strictObject({
    code,
    message: z.string().min(1),
    path: z.string().optional(),
  });

export const ClaimIrSchema = z.strictObject({
  schema_version: z.literal('3.0'),
  subject: EntityRefSchema,
  claims: z.array(ClaimSchema),
  document: z
    .strictObject({
      source_url: z.string().min(1).optional(),
      source_id: z.string().min(1).optional(),
      doc_id: z.string().min(1).optional(),
      title: z.string().optional(),
      lang: LangSchema.optional(),
      retrieved_at: DateTimeSchema.optional(),
      published_at: DateTimeSchema.optional(),
      content_hash: Sha256Schema.optional(),
    })
    .refine((d) => d.source_url ?? d.source_id ?? d.doc_id, 'source_url, source_id or doc_id is required')
    .optional(),
  extraction: z
    .strictObject({
      run_id: z.string().optional(),
      created_at: DateTimeSchema.optional(),
      producer: z
        .strictObject({
          kind: z.enum(['llm', 'rules', 'hybrid', 'human']),
          name: z.string(),
          version: z.string(),
        })
        .optional(),
      model: z
        .strictObject({
          provider: z.string(),
          name: z.string(),
          version: z.string(),
        })
        .optional(),
      prompt_ref: z
        .strictObject({
          prompt_id: z.string(),
          prompt_hash: Hex64Schema,
        })
        .optional(),
      notes: z.string().optional(),
    })
    .optional(),
  warnings: z.array(notice(ClaimIrWarningCodeSchema)).optional(),
  errors: z
    .array(notice(z.enum(['SCHEMA_INVALID', 'REQUIRED_FIELD_MISSING', 'UNSUPPORTED_KIND', 'INVALID_VALUE_SHAPE'])))
    .optional(),
});
export type ClaimIr = z.infer<typeof ClaimIrSchema>;
