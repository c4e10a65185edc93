import { canonical, compareText, digestOf, type JsonValue } from '@orgo/core';
import { z } from 'zod';

/** An entity id, `Q` and a positive number without leading zeros. */
export const QidSchema = z.string().regex(/^Q[1-9][0-9]*$/);
/** A property id, `P` and a positive number without leading zeros. */
export const PidSchema = z.string().regex(/^P[1-9][0-9]*$/);

const finite = z.number();
const text = z.string();

/**
 * A resolved value: `type` is the Claim-IR kind, `value` its normalised form. An item is known only by its `qid`.
 * Members that a source left out stay out, so that equal content has equal bytes.
 */
export const DataValueSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('item'), value: z.strictObject({ qid: QidSchema }) }),
  z.strictObject({ type: z.literal('string'), value: text }),
  z.strictObject({ type: z.literal('url'), value: text }),
  z.strictObject({
    type: z.literal('quantity'),
    value: z.strictObject({
      amount: finite,
      unit_qid: QidSchema.optional(),
      lower_bound: finite.optional(),
      upper_bound: finite.optional(),
    }),
  }),
  z.strictObject({
    type: z.literal('time'),
    value: z.strictObject({
      iso8601: text,
      precision: z.enum(['year', 'month', 'day', 'hour', 'minute', 'second']),
      calendar: text.optional(),
      timezone: text.optional(),
    }),
  }),
  z.strictObject({ type: z.literal('monolingual_text'), value: z.strictObject({ text, lang: text }) }),
  z.strictObject({
    type: z.literal('coord'),
    value: z.strictObject({ lat: finite, lon: finite, globe: text.optional() }),
  }),
]);
export type DataValue = z.infer<typeof DataValueSchema>;

/** A qualifier of a statement: a property and a resolved value. */
export const QualifierSchema = z.strictObject({ property_id: PidSchema, datavalue: DataValueSchema });
export type Qualifier = z.infer<typeof QualifierSchema>;

/** Orders `Q…` (or `P…`) ids by number, whatever their length. Ids carry no leading zeros, so length decides first. */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

/**
 * Orders resolved values: items first, by number; then literals by their canonical JSON text. This is the object order of a pack.
 * @param a canonical text is computed on demand; pass `canonicalValue` results to `compareText` when sorting many literals.
 */
export function compareValues(a: DataValue, b: DataValue): number {
  if (a.type === 'item' && b.type === 'item') return compareIds(a.value.qid, b.value.qid);
  if (a.type === 'item') return -1;
  if (b.type === 'item') return 1;
  return compareText(canonicalValue(a), canonicalValue(b));
}

/** The canonical JSON text of a value: the key under which equal values meet. */
export function canonicalValue(value: DataValue): string {
  return canonical(value as JsonValue);
}

/** Qualifiers in their one order: property by number, then value; exact duplicates removed. */
export function sortQualifiers(qualifiers: readonly Qualifier[]): Qualifier[] {
  const sorted = [...qualifiers].sort(
    (a, b) => compareIds(a.property_id, b.property_id) || compareValues(a.datavalue, b.datavalue),
  );
  return sorted.filter((q, i) => i === 0 || canonical(q as JsonValue) !== canonical(sorted[i - 1] as JsonValue));
}

/** What makes two statements the same one: subject, property, value and qualifiers. */
export type StatementContent = {
  subject: string;
  property_id: string;
  datavalue: DataValue;
  qualifiers: readonly Qualifier[];
};

/**
 * The id of a statement: `sha256:` over the canonical JSON of subject, property, normalised value, sorted qualifiers and the
 * sorted ids of its evidence. Merge equal statements and unite their evidence first.
 */
export function statementId(content: StatementContent, evidenceIds: readonly string[]): string {
  return digestOf({
    subject: content.subject,
    property: content.property_id,
    value: content.datavalue as JsonValue,
    qualifiers: sortQualifiers(content.qualifiers) as JsonValue,
    references: [...new Set(evidenceIds)].sort(compareText),
  });
}
