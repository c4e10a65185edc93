/** A column of a pack table. All columns are REQUIRED: a pack has no nulls, an absent text is empty. */
export type PackColumn = { name: string; type: 'INT32' | 'STRING' };
/** A table of a pack: where it lies, its role, its columns, and the columns its rows are sorted by. */
export type PackTableDef = {
  path: string;
  role: 'parquet_data' | 'dictionary';
  columns: readonly PackColumn[];
  sort: readonly string[];
};

const int = (name: string): PackColumn => ({ name, type: 'INT32' });
const text = (name: string): PackColumn => ({ name, type: 'STRING' });

/**
 * The tables of a pack. Ids are dense row ids of a dictionary. Entities and literals share one space of object ids: entities first
 * (by number), then literals (by canonical text), so that `o` joins to exactly one of the two. JSON columns hold canonical JSON.
 */
export const packTables = {
  triples: {
    path: 'data/triples.parquet',
    role: 'parquet_data',
    columns: [int('s'), int('p'), int('o'), int('stmt')],
    sort: ['s', 'p', 'o', 'stmt'],
  },
  entities: { path: 'dict/entities.parquet', role: 'dictionary', columns: [int('id'), text('qid')], sort: ['id'] },
  properties: {
    path: 'dict/properties.parquet',
    role: 'dictionary',
    columns: [int('id'), text('pid'), text('datatype')],
    sort: ['id'],
  },
  literals: {
    path: 'dict/literals.parquet',
    role: 'dictionary',
    columns: [int('id'), text('type'), text('value_json')],
    sort: ['id'],
  },
  statements: {
    path: 'dict/statements.parquet',
    role: 'dictionary',
    columns: [
      int('id'),
      text('statement_id'),
      text('rank'),
      int('confidence_bp'),
      text('claims_json'),
      text('evidence_ids_json'),
      text('qualifiers_json'),
    ],
    sort: ['id'],
  },
  evidence: {
    path: 'dict/evidence.parquet',
    role: 'dictionary',
    columns: [
      int('id'),
      text('evidence_id'),
      text('source_id'),
      text('source_json'),
      text('locator_json'),
      text('excerpt_sha256'),
    ],
    sort: ['id'],
  },
  labels: {
    path: 'dict/labels.parquet',
    role: 'dictionary',
    columns: [text('target'), int('target_id'), text('kind'), text('lang'), text('text')],
    sort: ['target', 'target_id', 'kind', 'lang', 'text'],
  },
} as const satisfies Record<string, PackTableDef>;
export type PackTableName = keyof typeof packTables;

/** The JSON files of a pack. */
export const packCapabilitiesPath = 'query/capabilities.json';
export const packStatisticsPath = 'meta/statistics.json';

/** The bitmap indexes of a pack, by the column of `triples` that they stand on. Rows are sorted by `s`: it needs none. */
export const packBitmapPaths = { p: 'index/p.roaring', o: 'index/o.roaring' } as const;

/** Rows per row group. A manifest writes it as `fixed_rows_100k`. */
export const packRowGroupRows = 100_000;
