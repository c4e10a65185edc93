import type { PackIndexes } from './pack-indexes.ts';
import type { PackTable, RowGroup } from './pack-parquet.ts';
import type { MatchedRow } from './pack-results.ts';
import type { RoaringView } from './roaring-view.ts';

/** Dictionary ids that a row must carry. */
export type Bound = { s?: number; p?: number; o?: number };

const keys = ['s', 'p', 'o'] as const;

/**
 * Finds the rows of a pattern. A bound prefix of (s, p, o) is one range of rows, because rows are sorted by it: row groups are ruled out by their
 * statistics, the ends found by binary search. What is bound beyond the prefix is read off bitmaps; without one, it is compared row by row.
 */
export async function planRows(triples: PackTable, indexes: PackIndexes, bound: Bound): Promise<RowPlan> {
  const open = keys.findIndex((k) => bound[k] === undefined);
  const prefix = open < 0 ? keys : keys.slice(0, open);
  const range = await prefixRange(triples, bound, prefix);
  const beyond = keys.filter((k) => bound[k] !== undefined && !prefix.includes(k)) as ('p' | 'o')[];
  const indexed = beyond.filter((k) => indexes[k] !== undefined);
  const bitmaps = indexed.map((k) => indexes[k]?.rowsOf(bound[k] as number));
  const compared = beyond.filter((k) => !indexed.includes(k));
  return {
    triples,
    bound,
    range,
    compared,
    bitmaps: bitmaps.some((b) => b === undefined) ? undefined : (bitmaps as RoaringView[]),
  };
}

/** Where the rows of a pattern are: in a range, in all of the bitmaps (undefined: one is empty), and equal in the columns compared. */
export type RowPlan = {
  triples: PackTable;
  bound: Bound;
  range: readonly [low: number, high: number];
  bitmaps: readonly RoaringView[] | undefined;
  compared: readonly ('p' | 'o')[];
};

/** Rows of a plan in row order, from a row on, at most so many. */
export async function matchRows(plan: RowPlan, from: number, most: number): Promise<MatchedRow[]> {
  const { triples, bound, compared } = plan;
  const found: MatchedRow[] = [];
  let group: LoadedGroup | undefined;
  for (let row = nextRow(plan, from); row >= 0 && found.length < most; row = nextRow(plan, row + 1)) {
    if (group === undefined || row >= group.end) group = await loadGroup(triples, row);
    const { s, p, o, stmt } = group.columns;
    const i = row - group.start;
    if (compared.some((k) => group?.columns[k][i] !== bound[k])) continue;
    found.push({ row, s: s[i] as number, p: p[i] as number, o: o[i] as number, stmt: stmt[i] as number });
  }
  return found;
}

type LoadedGroup = { start: number; end: number; columns: Record<'s' | 'p' | 'o' | 'stmt', ArrayLike<number>> };

async function loadGroup(triples: PackTable, row: number): Promise<LoadedGroup> {
  const index = triples.groups.findIndex(({ start, rows }) => row < start + rows);
  const { start, rows } = triples.groups[index] as RowGroup;
  const [s, p, o, stmt] = await Promise.all([
    triples.numbers('s', index),
    triples.numbers('p', index),
    triples.numbers('o', index),
    triples.numbers('stmt', index),
  ]);
  return { start, end: start + rows, columns: { s, p, o, stmt } };
}

/** How many rows a plan has, or undefined where only comparing every row could tell. */
export function countRows(plan: RowPlan): number | undefined {
  const { range, bitmaps, compared } = plan;
  if (compared.length > 0) return undefined;
  if (bitmaps === undefined) return 0;
  if (bitmaps.length === 0) return range[1] - range[0];
  if (bitmaps.length === 1 && range[0] === 0 && range[1] === plan.triples.rows) return bitmaps[0]?.cardinality;
  let count = 0;
  for (let row = nextRow(plan, 0); row >= 0; row = nextRow(plan, row + 1)) count++;
  return count;
}

/** The next row from one on that lies in the range and in every bitmap, or -1. The bitmaps lead one another forward. */
function nextRow({ range: [low, high], bitmaps }: RowPlan, from: number): number {
  if (bitmaps === undefined) return -1;
  let row = Math.max(from, low);
  for (let agreed = 0; agreed < bitmaps.length && row < high; ) {
    agreed = 0;
    for (const bitmap of bitmaps) {
      const next = bitmap.next(row);
      if (next < 0) return -1;
      if (next === row) agreed++;
      row = next;
    }
  }
  return row < high ? row : -1;
}

async function prefixRange(
  triples: PackTable,
  bound: Bound,
  prefix: readonly ('s' | 'p' | 'o')[],
): Promise<[low: number, high: number]> {
  if (prefix.length === 0) return [0, triples.rows];
  let range: [number, number] | undefined;
  for (const [g, group] of triples.groups.entries()) {
    const told = group.ranges.s;
    if (told && ((bound.s as number) < told[0] || (bound.s as number) > told[1])) continue;
    let [low, high] = [0, group.rows];
    for (const k of prefix) {
      const column = await triples.numbers(k, g);
      const id = bound[k] as number;
      [low, high] = [lowerIn(column, id, low, high), lowerIn(column, id + 1, low, high)];
    }
    if (low < high) range = [range?.[0] ?? group.start + low, group.start + high];
  }
  return range ?? [0, 0];
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
