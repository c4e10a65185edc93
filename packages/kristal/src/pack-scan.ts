import type { PackTable, RowGroup } from './pack-parquet.ts';
import type { MatchedRow } from './pack-results.ts';

/** Dictionary ids that a row must carry. */
export type Bound = { s?: number; p?: number; o?: number };

const keys = ['s', 'p', 'o'] as const;

/**
 * Rows that match, in row order, from a row on, at most so many. Row groups are skipped by their statistics; within a group a bound
 * prefix of (s, p, o) is found by binary search, because rows are sorted by it, and what is bound beyond the prefix is compared row by row.
 */
export async function matchRows(triples: PackTable, bound: Bound, from: number, most: number): Promise<MatchedRow[]> {
  const found: MatchedRow[] = [];
  for (let g = 0; g < triples.groups.length && found.length < most; g++) {
    const group = triples.groups[g] as RowGroup;
    if (group.start + group.rows <= from || !mayHold(group, bound)) continue;
    const [s, p, o, stmt] = (await Promise.all(
      (['s', 'p', 'o', 'stmt'] as const).map((column) => triples.numbers(column, g)),
    )) as [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>, ArrayLike<number>];
    const columns = { s, p, o };
    let [low, high] = prefixRange(columns, bound, group.rows);
    low = Math.max(low, from - group.start);
    for (let i = low; i < high && found.length < most; i++) {
      if (keys.every((k) => bound[k] === undefined || columns[k][i] === bound[k])) {
        found.push({
          row: group.start + i,
          s: s[i] as number,
          p: p[i] as number,
          o: o[i] as number,
          stmt: stmt[i] as number,
        });
      }
    }
  }
  return found;
}

function mayHold(group: RowGroup, bound: Bound): boolean {
  return keys.every((k) => {
    const id = bound[k];
    const range = group.ranges[k];
    return id === undefined || range === undefined || (id >= range[0] && id <= range[1]);
  });
}

function prefixRange(
  columns: Record<'s' | 'p' | 'o', ArrayLike<number>>,
  bound: Bound,
  rows: number,
): [number, number] {
  let low = 0;
  let high = rows;
  for (const k of keys) {
    const id = bound[k];
    if (id === undefined) break;
    [low, high] = [lowerIn(columns[k], id, low, high), lowerIn(columns[k], id + 1, low, high)];
  }
  return [low, high];
}

function lowerIn(values: ArrayLike<number>, sought: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < sought) low = middle + 1;
    else high = middle;
  }
  return low;
}
