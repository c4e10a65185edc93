import { canonical, compareText, ok, type Result } from '@orgo/core';
import {
  type ColumnData,
  type DataValue,
  type EvidenceEntry,
  type PackTableName,
  streamExchange,
  type TextColumn,
} from '@orgo/kristal';
import { Labels } from './labels.ts';
import { Statements } from './statements.ts';
import { TextArena } from './text-arena.ts';

/** The columns of every table of a pack, in row order, and the dictionaries that their ids point into. */
export type PackData = {
  kristalId: string;
  columns: Record<PackTableName, Record<string, ColumnData>> & {
    triples: Record<'s' | 'p' | 'o' | 'stmt', Int32Array>;
    statements: { statement_id: TextColumn };
    labels: { lang: readonly string[] };
  };
  entities: readonly string[];
  properties: readonly string[];
  /** Canonical JSON of the typed values. */
  literals: readonly string[];
  unresolved: number;
};

/**
 * Lays the stored bytes of an Exchange out as the tables of a pack, reading it part by part. Ids are dense and follow the order of their dictionary;
 * triples are sorted by subject, property and object by number, then statement id. The order of lists in the Exchange does not matter (RP-2).
 * Refuses as `streamExchange` does.
 */
export function packDataOf(exchange: Uint8Array): Result<PackData> {
  const statements = new Statements();
  const labels = new Labels();
  const evidence = new Evidence();
  const datatypes = new Map<string, string>();
  let unresolved = 0;
  const read = streamExchange(exchange, {
    items(item) {
      // Items without statements are among the entities: they have labels.
      const subject = statements.entities.of(item.entity_id);
      labels.add('entity', subject, item);
      for (const statement of item.statements) statements.add(subject, statement);
    },
    properties(property) {
      labels.add('property', statements.properties.of(property.property_id), property);
      datatypes.set(property.property_id, property.datatype);
    },
    evidence_index: (entry) => evidence.add(entry),
    unresolved: () => unresolved++,
  });
  if (!read.ok) return read;
  const done = statements.finish();
  const [entities, properties, { literals }] = [done.entities.texts, done.properties.texts, done];
  return ok({
    kristalId: read.value,
    columns: {
      triples: done.triples,
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
      statements: done.statements,
      evidence: evidence.columns(),
      labels: labels.columns({ entity: done.entities.places, property: done.properties.places }),
    },
    entities,
    properties,
    literals,
    unresolved,
  });
}

function ids(count: number, from = 0): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => from + i);
}

class Evidence {
  readonly #ids: string[] = [];
  readonly #sourceIds: string[] = [];
  readonly #excerpts: string[] = [];
  readonly #sources = new TextArena();
  readonly #locators = new TextArena();

  add({ evidence_id, source, locator, excerpt_sha256 }: EvidenceEntry): void {
    this.#ids.push(evidence_id);
    this.#sourceIds.push(source.source_id ?? '');
    this.#excerpts.push(excerpt_sha256 ?? '');
    this.#sources.push(canonical(source));
    this.#locators.push(canonical(locator));
  }

  /** The columns, sorted by evidence id. */
  columns(): Record<string, ColumnData> {
    const order = ids(this.#ids.length).sort((a, b) => compareText(this.#ids[a] as string, this.#ids[b] as string));
    const column = (values: readonly string[]): string[] => Array.from(order, (i) => values[i] as string);
    return {
      id: ids(order.length),
      evidence_id: column(this.#ids),
      source_id: column(this.#sourceIds),
      source_json: this.#sources.ordered(order),
      locator_json: this.#locators.ordered(order),
      excerpt_sha256: column(this.#excerpts),
    };
  }
}
