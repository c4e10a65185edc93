import type { JsonValue } from '@orgo/core';
import {
  type ColumnData,
  type PackCapabilities,
  type PackTableName,
  type PortablePolicy,
  packBitmapPaths,
  packContractId,
  packErrorCodes,
  packFilterPath,
  packPageLimit,
  packRowGroupRows,
  packTables,
} from '@orgo/kristal';
import type { PackData } from './tables.ts';

/** What the pack can be asked: `query/capabilities.json`. */
export function capabilitiesOf(data: PackData, policy: PortablePolicy): PackCapabilities {
  const { bitmap, membership_filter: filter } = policy;
  const names = Object.keys(packTables) as PackTableName[];
  return {
    contract_id: packContractId,
    query_contract_version: '1.0',
    shapes: ['triple-pattern'],
    projections: ['full'],
    ordering_policy: {
      code: 'SPO',
      keys: ['s', 'p', 'o', 'statement_id'],
      ids: 'numeric',
      objects: 'items by number, then literals by canonical JSON text',
      manifest_policy: 'qid_pid_statement_id_asc',
    },
    paging_mode: 'CURSOR',
    page_limit_default: packPageLimit.default,
    page_limit_max: packPageLimit.max,
    join1: { supported: false, cap: policy.join1.cap, on_exceed: 'error' },
    cardinality_estimates: bitmap.shipped,
    row_group_rows: packRowGroupRows,
    object_space: { entities: data.entities.length, literals: data.literals.length },
    indexes: (['p', 'o'] as const)
      .filter(() => bitmap.shipped)
      .map((on) => ({
        path: packBitmapPaths[on],
        on: [on],
        format: bitmap.run_optimize ? 'orgo.bitmaps/1+runs' : 'orgo.bitmaps/1',
      })),
    membership_filter:
      filter.kind === 'none' ? filter : { ...filter, path: packFilterPath(filter.key_space), format: 'orgo.xor8/1' },
    tables: names.map((name) => ({
      name,
      path: packTables[name].path,
      rows: rowsOf(data.columns[name]),
      columns: packTables[name].columns.map((column) => ({ ...column })),
      sort: [...packTables[name].sort],
    })),
    error_codes: [...packErrorCodes],
  };
}

/** Counts about the content: `meta/statistics.json`. All of them follow from the Exchange. */
export function statisticsOf(data: PackData): JsonValue {
  const rows = (name: PackTableName): number => rowsOf(data.columns[name]);
  return {
    entities: rows('entities'),
    properties: rows('properties'),
    literals: rows('literals'),
    statements: rows('statements'),
    evidence: rows('evidence'),
    labels: rows('labels'),
    row_groups: Math.ceil(rows('triples') / packRowGroupRows),
    statements_by_property: countBy(data.columns.triples.p, (id) => data.properties[id] as string),
    labels_by_language: countBy(data.columns.labels.lang, (lang) => lang),
    unresolved_claims_left_out: data.unresolved,
  };
}

function rowsOf(columns: Record<string, ColumnData>): number {
  return Object.values(columns)[0]?.length ?? 0;
}

function countBy<T>(values: Iterable<T>, name: (value: T) => string): Record<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(name(value), (counts.get(name(value)) ?? 0) + 1);
  return Object.fromEntries(counts);
}
