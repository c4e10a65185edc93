import {
  type ClaimObject,
  DateTimeSchema,
  type Evidence,
  Iso8601Schema,
  indexText,
  LangSchema,
  ObjectKindSchema,
  type PassedOverPlace,
  PidSchema,
  QidSchema,
  type Snapshot,
  TimePrecisionSchema,
} from '@orgo/kristal';
import { z } from 'zod';
import { type Cell, parseCsv } from './csv.ts';
import type { Draft } from './drafts.ts';
import { exactNumber } from './numbers.ts';

/**
 * What the columns of a table mean (a JSON document `NAME.mapping.json` beside `NAME.csv`). `id_column` holds ids that the source
 * itself states; they become candidates, never decisions.
 */
export const TableMappingSchema = z.strictObject({
  kind: z.literal('table-mapping'),
  mapping_version: z.literal('1'),
  table: z.string().min(1),
  delimiter: z.string().length(1).optional(),
  lang: LangSchema,
  subject: z.strictObject({ column: z.string().min(1), id_column: z.string().min(1).optional() }),
  columns: z.array(
    z.strictObject({
      column: z.string().min(1),
      predicate: z.string().min(1),
      predicate_id: PidSchema.optional(),
      kind: ObjectKindSchema,
      unit_qid: QidSchema.optional(),
      precision: TimePrecisionSchema.optional(),
      id_column: z.string().min(1).optional(),
    }),
  ),
});
export type TableMapping = z.infer<typeof TableMappingSchema>;
type Column = TableMapping['columns'][number];

/** Score of a value that a table states. */
const tableConfidenceBp = 9900;

/** `malformed` lists rows that were set aside whole; `missing` the columns that the mapping names and the table does not have. */
export type TableResult = { drafts: Draft[]; malformed: PassedOverPlace[]; missing: string[] };

/** Reads a table: one draft per row and mapped, non-empty cell, with the cell's place as evidence. */
export function readTable(snapshot: Snapshot, text: string, mapping: TableMapping, title: string): TableResult {
  const table = parseCsv(text, mapping.delimiter ?? ',');
  const at = (name: string) => table.header.indexOf(name);
  const named = [mapping.subject, ...mapping.columns].flatMap((c) => [c.column, ...(c.id_column ? [c.id_column] : [])]);
  const missing = named.filter((name) => at(name) < 0);
  const index = indexText(text);
  const malformed = table.malformed.map(({ row, start, end }) => ({
    row,
    offsets: { start_char: index.position(start), end_char: index.position(end) },
  }));
  if (missing.length > 0) return { drafts: [], malformed, missing };

  const drafts: Draft[] = [];
  for (const row of table.rows) {
    const cell = (name: string) => row.cells[at(name)] as Cell;
    const subject = cell(mapping.subject.column);
    if (subject.value.trim() === '') continue;
    const subjectId = mapping.subject.id_column ? cell(mapping.subject.id_column).value : undefined;
    for (const column of mapping.columns) {
      const value = cell(column.column);
      if (value.value.trim() === '') continue;
      const id = column.id_column ? cell(column.id_column).value : undefined;
      const { object, exact } = objectOf(column, value.value, id, mapping.lang, snapshot);
      drafts.push({
        subject: { surface: subject.value, lang: mapping.lang, ...candidates(subjectId, snapshot) },
        predicate: {
          surface: column.predicate,
          lang: mapping.lang,
          ...(column.predicate_id
            ? { candidates: [{ id: column.predicate_id, score: 1, source: snapshot.source.source_id }] }
            : {}),
        },
        readings: [object],
        qualifiers: [],
        evidence: evidenceOf(snapshot, title, text, value, index.position),
        confidence_bp: tableConfidenceBp,
        rule: 'table',
        notes: [],
        warnings: exact ? [] : ['VALUE_NORMALIZATION_NEEDED'],
      });
    }
  }
  return { drafts, malformed, missing };
}

function candidates(id: string | undefined, snapshot: Snapshot) {
  return id !== undefined && QidSchema.safeParse(id).success
    ? { candidates: [{ id, score: 1, source: snapshot.source.source_id }] }
    : {};
}

function evidenceOf(
  snapshot: Snapshot,
  title: string,
  text: string,
  cell: Cell,
  position: (index: number) => number,
): Evidence {
  return {
    source: { source_id: snapshot.source.source_id, title },
    quote: text.slice(cell.start, cell.end),
    offsets: { start_char: position(cell.start), end_char: position(cell.end) },
  };
}

const coordinate = /^(-?\d+(?:\.\d+)?)[ ,;]+(-?\d+(?:\.\d+)?)$/;

/** The typed value of a cell. What does not fit its declared kind stays a string: the validator names the mismatch. */
function objectOf(
  column: Column,
  raw: string,
  id: string | undefined,
  lang: string,
  snapshot: Snapshot,
): { object: ClaimObject; exact: boolean } {
  const value = raw.trim();
  const asText = (exact: boolean) => ({ object: { kind: 'string' as const, value }, exact });
  switch (column.kind) {
    case 'item':
      return { object: { kind: 'item', value: { surface: value, lang, ...candidates(id, snapshot) } }, exact: true };
    case 'quantity': {
      const amount = exactNumber(value);
      if (amount === undefined) return asText(false);
      return {
        object: { kind: 'quantity', value: { amount, ...(column.unit_qid ? { unit_qid: column.unit_qid } : {}) } },
        exact: true,
      };
    }
    case 'time':
      if (!Iso8601Schema.safeParse(value).success && !DateTimeSchema.safeParse(value).success) return asText(false);
      return { object: { kind: 'time', value: { iso8601: value, precision: column.precision ?? 'day' } }, exact: true };
    case 'coord': {
      const found = coordinate.exec(value);
      const lat = exactNumber(found?.[1] ?? '');
      const lon = exactNumber(found?.[2] ?? '');
      if (lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180) return asText(false);
      return { object: { kind: 'coord', value: { lat, lon } }, exact: true };
    }
    case 'monolingual_text':
      return { object: { kind: 'monolingual_text', value: { text: value, lang } }, exact: true };
    case 'url':
      return { object: { kind: 'url', value }, exact: true };
    case 'string':
      return asText(true);
  }
}
