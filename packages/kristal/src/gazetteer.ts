import { z } from 'zod';
import { LangSchema, ObjectKindSchema } from './claim-ir-values.ts';
import { PidSchema, QidSchema } from './statement.ts';

const labels = z.record(LangSchema, z.string().min(1));
const aliases = z.record(LangSchema, z.array(z.string().min(1)));

/**
 * One line of the entities gazetteer (kind `gazetteer-entities`). Lines are sorted by id number.
 * `popularity_bp` is a prior in basis points; `types` are class ids; `related` are ids whose labels count as context.
 */
export const GazetteerEntitySchema = z.strictObject({
  id: QidSchema,
  labels,
  aliases,
  types: z.array(QidSchema),
  popularity_bp: z.int().min(0).max(10000),
  description: z.string(),
  related: z.array(QidSchema),
});
export type GazetteerEntity = z.infer<typeof GazetteerEntitySchema>;

/**
 * One line of the properties gazetteer (kind `gazetteer-properties`).
 * Empty `subject_types`, `value_types` or `allowed_units` mean no restriction. `allowed_units` without a unit in a quantity is a
 * violation only where the list is not empty.
 */
export const GazetteerPropertySchema = z.strictObject({
  id: PidSchema,
  labels,
  aliases,
  datatype: ObjectKindSchema,
  subject_types: z.array(QidSchema),
  value_types: z.array(QidSchema),
  single_value: z.boolean(),
  allowed_units: z.array(QidSchema),
});
export type GazetteerProperty = z.infer<typeof GazetteerPropertySchema>;

export const gazetteerKinds = {
  entities: 'gazetteer-entities',
  properties: 'gazetteer-properties',
  hints: 'resolution-hints',
} as const;

/** A human choice, pinned with the build: the same surface in the same document means this id. */
export const ResolutionHintSchema = z.strictObject({
  doc_id: z.string().min(1),
  surface: z.string().min(1),
  accepted_id: z.union([QidSchema, PidSchema]),
  rejected_id: z.union([QidSchema, PidSchema]).optional(),
  reason: z.enum(['WRONG_CONTEXT', 'WRONG_SPELLING', 'DUPLICATE', 'NEW_ENTITY', 'OTHER']),
});
export type ResolutionHint = z.infer<typeof ResolutionHintSchema>;
