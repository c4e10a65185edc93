import { canonical } from '@orgo/core';
import {
  type ColumnData,
  canonicalValue,
  compareIds,
  compareText,
  type DataValue,
  type Exchange,
  type ExchangeStatement,
  type PackTableName,
} from '@orgo/kristal';
import { labelColumns } from './labels.ts';

/** The columns of every table of a pack, in row order, and the ids they use. */
export type PackData = {
  columns: Record<PackTableName, Record<string, ColumnData>>;
  entities: readonly string[];
  properties: readonly string[];
  literals: number;
};

type Row = { subject: string; statement: ExchangeStatement };

/**
 * Lays an Exchange out as the tables of a pack. Ids are dense and follow the order of their dictionary; triples are sorted by subject,
 * property and object by number, then statement id. The order of lists in the Exchange does not matter (RP-2).
 */
export function packDataOf(exchange: Exchange): PackData {
  const rows: Row[] = exchange.items
    .flatMap((item) => item.statements.map((statement) => ({ subject: item.entity_id, statement })))
    .sort((a, b) => compareText(a.statement.statement_id, b.statement.statement_id));

  const entities = ordered(entityIds(exchange, rows), compareIds);
  const properties = ordered(
    [...exchange.properties.map((p) => p.property_id), ...rows.map((r) => r.statement.property_id)],
    compareIds,
  );
  const literals = ordered(
    rows.flatMap(({ statement: { datavalue } }) => (datavalue.type === 'item' ? [] : [canonicalValue(datavalue)])),
    compareText,
  );
  const datatypes = new Map(exchange.properties.map((p) => [p.property_id, p.datatype]));
  const entityIndex = indexOf(entities);
  const propertyIndex = indexOf(properties);
  const literalIndex = indexOf(literals);
  const objectId = (value: DataValue): number =>
    value.type === 'item'
      ? (entityIndex.get(value.value.qid) as number)
      : entities.length + (literalIndex.get(canonicalValue(value)) as number);

  return {
    columns: {
      triples: tripleColumns(rows, entityIndex, propertyIndex, objectId),
      entities: { id: ids(entities.length), qid: entities },
      properties: {
        id: ids(properties.length),
        pid: properties,
        datatype: properties.map((pid) => datatypes.get(pid) ?? ''),
      },
      literals: {
        id: ids(literals.length, entities.length),
        type: literals.map((text) => (JSON.parse(text) as DataValue).type),
        value_json: literals,
      },
      statements: statementColumns(rows.map((row) => row.statement)),
      evidence: evidenceColumns(exchange),
      labels: labelColumns(exchange, entityIndex, propertyIndex),
    },
    entities,
    properties,
    literals: literals.length,
  };
}

/** Every item of the Exchange, whether it has statements or not, and whatever a statement points to. */
function* entityIds(exchange: Exchange, rows: readonly Row[]): Generator<string> {
  for (const item of exchange.items) yield item.entity_id;
  for (const { statement } of rows) if (statement.datavalue.type === 'item') yield statement.datavalue.value.qid;
}

function ordered(values: Iterable<string>, compare: (a: string, b: string) => number): string[] {
  return [...new Set(values)].sort(compare);
}

function indexOf(values: readonly string[]): Map<string, number> {
  return new Map(values.map((value, i) => [value, i]));
}

function ids(count: number, from = 0): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => from + i);
}

function tripleColumns(
  rows: readonly Row[],
  entityIndex: ReadonlyMap<string, number>,
  propertyIndex: ReadonlyMap<string, number>,
  objectId: (value: DataValue) => number,
): Record<'s' | 'p' | 'o' | 'stmt', Int32Array> {
  const s = Int32Array.from(rows, (row) => entityIndex.get(row.subject) as number);
  const p = Int32Array.from(rows, (row) => propertyIndex.get(row.statement.property_id) as number);
  const o = Int32Array.from(rows, (row) => objectId(row.statement.datavalue));
  const at = (column: Int32Array, i: number): number => column[i] as number;
  const order = ids(rows.length).sort(
    (a, b) => at(s, a) - at(s, b) || at(p, a) - at(p, b) || at(o, a) - at(o, b) || a - b,
  );
  const arranged = (column: Int32Array) => Int32Array.from(order, (i) => at(column, i));
  return { s: arranged(s), p: arranged(p), o: arranged(o), stmt: order };
}

function statementColumns(statements: readonly ExchangeStatement[]): Record<string, ColumnData> {
  return {
    id: ids(statements.length),
    statement_id: statements.map((s) => s.statement_id),
    rank: statements.map((s) => s.rank),
    confidence_bp: Int32Array.from(statements, (s) => s.confidence_bp ?? -1),
    claims_json: statements.map((s) => canonical(s.claims)),
    evidence_ids_json: statements.map((s) => canonical(s.evidence_ids)),
    qualifiers_json: statements.map((s) => canonical(s.qualifiers)),
  };
}

function evidenceColumns(exchange: Exchange): Record<string, ColumnData> {
  const evidence = [...exchange.evidence_index].sort((a, b) => compareText(a.evidence_id, b.evidence_id));
  return {
    id: ids(evidence.length),
    evidence_id: evidence.map((e) => e.evidence_id),
    source_id: evidence.map((e) => e.source.source_id ?? ''),
    source_json: evidence.map((e) => canonical(e.source)),
    locator_json: evidence.map((e) => canonical(e.locator)),
    excerpt_sha256: evidence.map((e) => e.excerpt_sha256 ?? ''),
  };
}
