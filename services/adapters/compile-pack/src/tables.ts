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

/** A statement with its subject, and its object by the key of its dictionary: an item id or the canonical text of a literal. */
type Row = { subject: string; statement: ExchangeStatement; object: string; literal: boolean };

/**
 * Lays an Exchange out as the tables of a pack. Ids are dense and follow the order of their dictionary; triples are sorted by subject,
 * property and object by number, then statement id. The order of lists in the Exchange does not matter (RP-2).
 */
export function packDataOf(exchange: Exchange): PackData {
  const rows = rowsOf(exchange);
  const { entities, properties, literals } = keysOf(exchange, rows);
  const datatypes = new Map(exchange.properties.map((p) => [p.property_id, p.datatype]));
  const index = {
    entities: indexOf(entities),
    properties: indexOf(properties),
    // Literals go on where entities end: one space of object ids.
    literals: indexOf(literals, entities.length),
  };
  return {
    columns: {
      triples: tripleColumns(rows, index),
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
      statements: statementColumns(rows),
      evidence: evidenceColumns(exchange),
      labels: labelColumns(exchange, index.entities, index.properties),
    },
    entities,
    properties,
    literals: literals.length,
  };
}

/** All statements, sorted by statement id: their place is their id in the statements dictionary. */
function rowsOf(exchange: Exchange): Row[] {
  const rows: Row[] = [];
  for (const { entity_id: subject, statements } of exchange.items) {
    for (const statement of statements) {
      const { datavalue } = statement;
      const literal = datavalue.type !== 'item';
      rows.push({ subject, statement, literal, object: literal ? canonicalValue(datavalue) : datavalue.value.qid });
    }
  }
  return rows.sort((a, b) => compareText(a.statement.statement_id, b.statement.statement_id));
}

/** The keys of the dictionaries, sorted. Items without statements are among the entities: they have labels. */
function keysOf(exchange: Exchange, rows: readonly Row[]) {
  const entities = new Set(exchange.items.map((item) => item.entity_id));
  const properties = new Set(exchange.properties.map((p) => p.property_id));
  const literals = new Set<string>();
  for (const { statement, object, literal } of rows) {
    properties.add(statement.property_id);
    (literal ? literals : entities).add(object);
  }
  return {
    entities: [...entities].sort(compareIds),
    properties: [...properties].sort(compareIds),
    literals: [...literals].sort(compareText),
  };
}

function indexOf(values: readonly string[], from = 0): Map<string, number> {
  const index = new Map<string, number>();
  for (const value of values) index.set(value, from + index.size);
  return index;
}

function ids(count: number, from = 0): Int32Array {
  const column = new Int32Array(count);
  for (let i = 0; i < count; i++) column[i] = from + i;
  return column;
}

type Index = Record<'entities' | 'properties' | 'literals', ReadonlyMap<string, number>>;

function tripleColumns(rows: readonly Row[], index: Index): Record<'s' | 'p' | 'o' | 'stmt', Int32Array> {
  const column = (value: (row: Row) => number | undefined) => {
    const values = new Int32Array(rows.length);
    for (let i = 0; i < rows.length; i++) values[i] = value(rows[i] as Row) as number;
    return values;
  };
  const s = column((row) => index.entities.get(row.subject));
  const p = column((row) => index.properties.get(row.statement.property_id));
  const o = column((row) => (row.literal ? index.literals : index.entities).get(row.object));
  const at = (values: Int32Array, i: number): number => values[i] as number;
  const order = ids(rows.length).sort(
    (a, b) => at(s, a) - at(s, b) || at(p, a) - at(p, b) || at(o, a) - at(o, b) || a - b,
  );
  const arranged = (values: Int32Array) => order.map((i) => at(values, i));
  return { s: arranged(s), p: arranged(p), o: arranged(o), stmt: order };
}

function statementColumns(rows: readonly Row[]): Record<string, ColumnData> {
  const statements = rows.map((row) => row.statement);
  return {
    id: ids(statements.length),
    statement_id: statements.map((s) => s.statement_id),
    rank: statements.map((s) => s.rank),
    confidence_bp: Int32Array.from(statements.map((s) => s.confidence_bp ?? -1)),
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
