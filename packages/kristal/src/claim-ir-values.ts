import { z } from 'zod';
import { PidSchema, QidSchema } from './statement.ts';

/** Two lowercase letters, optionally a region (`fr`, `fr-CA`). Three-letter codes do not fit the external contract. */
export const LangSchema = z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/);

/** A share of one, printed from integer basis points: `score = bp / 10000`. */
export const ScoreSchema = z.number().min(0).max(1);

/** RFC 3339 date-time as the external contract uses it; the time zone is required. */
export const DateTimeSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/);

/** A full date first, whatever the precision: a bare year is `1820-01-01` with precision `year`. */
export const Iso8601Schema = z.string().regex(/^-?\d{4,}-\d{2}-\d{2}/);

export const TimePrecisionSchema = z.enum(['year', 'month', 'day', 'hour', 'minute', 'second']);
export type TimePrecision = z.infer<typeof TimePrecisionSchema>;

export const QuantityValueSchema = z.strictObject({
  amount: z.number(),
  unit_qid: QidSchema.optional(),
  lower_bound: z.number().optional(),
  upper_bound: z.number().optional(),
});

export const TimeValueSchema = z.strictObject({
  iso8601: Iso8601Schema,
  precision: TimePrecisionSchema.optional(),
  calendar: z.string().optional(),
  timezone: z.string().optional(),
});

export const MonolingualTextSchema = z.strictObject({
  text: z.string().min(1),
  lang: LangSchema,
});

/** Degrees. The range is part of the shape; a coordinate outside it never reaches a Claim-IR as `coord`. */
export const CoordValueSchema = z.strictObject({
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
  globe: z.string().optional(),
});

/** The object kinds whose value does not change in resolution; `item` is added by each artifact. */
export const LiteralObjectSchemas = [
  z.strictObject({ kind: z.literal('string'), value: z.string() }),
  z.strictObject({ kind: z.literal('quantity'), value: QuantityValueSchema }),
  z.strictObject({ kind: z.literal('time'), value: TimeValueSchema }),
  z.strictObject({
    kind: z.literal('monolingual_text'),
    value: MonolingualTextSchema,
  }),
  z.strictObject({ kind: z.literal('coord'), value: CoordValueSchema }),
  z.strictObject({ kind: z.literal('url'), value: z.string().min(1) }),
] as const;

export const ObjectKindSchema = z.enum(['item', 'string', 'quantity', 'time', 'monolingual_text', 'coord', 'url']);
export type ObjectKind = z.infer<typeof ObjectKindSchema>;

/** A candidate that a source or an extractor names. `source` says who named it. */
export const EntityCandidateSchema = z.strictObject({
  id: QidSchema,
  score: ScoreSchema,
  label: z.string().optional(),
  source: z.string().optional(),
});
export const PropertyCandidateSchema = z.strictObject({
  id: PidSchema,
  score: ScoreSchema,
  label: z.string().optional(),
  source: z.string().optional(),
});

/** SHA-256 in the external spelling of Claim-IR and Resolved Claim-IR (`alg`). */
export const Sha256Schema = z.strictObject({
  alg: z.literal('sha256'),
  value: z.string().regex(/^[0-9a-fA-F]{64}$/),
});
