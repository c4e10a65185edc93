import { ok, type Result, refuse, utf8 } from '@orgo/core';
import { encodeRoaring } from './roaring.ts';
import { openRoaring, type RoaringView } from './roaring-view.ts';

const magic = utf8('ORGOBMP1');
const headSize = 16;
const entrySize = 12;

/** For each dictionary id of a column the rows that carry it. */
export type BitmapIndex = {
  /** Rows with this id, or undefined where there is none. */
  rowsOf(id: number): RoaringView | undefined;
};

/**
 * Writes the index of a number column. Layout, all words little endian: magic `ORGOBMP1`; number of ids; number of rows; per id, ascending:
 * id, number of its rows, offset of its bitmap in this file; then the bitmaps without gaps, in that order, each in the portable Roaring format
 * over row ordinals. An id without rows has no entry.
 * @param ids the column; every id is from 0 up to `space` - 1
 */
export function encodeBitmapIndex(ids: Int32Array, space: number, runOptimize: boolean): Uint8Array {
  const ends = new Uint32Array(space + 1);
  for (const id of ids) ends[id + 1] = (ends[id + 1] as number) + 1;
  for (let id = 0; id < space; id++) ends[id + 1] = (ends[id + 1] as number) + (ends[id] as number);
  const starts = ends.slice(0, space);
  const rows = new Uint32Array(ids.length);
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row] as number;
    rows[starts[id] as number] = row;
    starts[id] = (starts[id] as number) + 1;
  }
  const used: number[] = [];
  for (let id = 0; id < space; id++) if (ends[id] !== ends[id + 1]) used.push(id);
  const bitmaps = used.map((id) => encodeRoaring(rows.subarray(ends[id], ends[id + 1]), runOptimize));
  const head = new Uint8Array(headSize + entrySize * used.length);
  head.set(magic);
  const view = new DataView(head.buffer);
  view.setUint32(8, used.length, true);
  view.setUint32(12, ids.length, true);
  const whole = new Uint8Array(bitmaps.reduce((size, bitmap) => size + bitmap.length, head.length));
  let offset = head.length;
  for (const [i, id] of used.entries()) {
    const at = headSize + entrySize * i;
    view.setUint32(at, id, true);
    view.setUint32(at + 4, (ends[id + 1] as number) - (ends[id] as number), true);
    view.setUint32(at + 8, offset, true);
    whole.set(bitmaps[i] as Uint8Array, offset);
    offset += (bitmaps[i] as Uint8Array).length;
  }
  whole.set(head);
  return whole;
}

/**
 * Opens an index and checks its structure to the last byte; whether it says what the table says is for `checkPackIndexes`.
 * Refuses with `PACK_INDEX_INVALID`.
 * @param rows rows of the table it stands on
 */
export function openBitmapIndex(bytes: Uint8Array, rows: number): Result<BitmapIndex> {
  const bad = (what: string) => refuse('PACK_INDEX_INVALID', `bitmap index: ${what}`);
  if (bytes.length < headSize || magic.some((byte, i) => bytes[i] !== byte)) return bad('another format');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(8, true);
  if (headSize + entrySize * count > bytes.length) return bad('cut short');
  if (view.getUint32(12, true) !== rows) return bad('made over another number of rows');
  const entry = (i: number, at: number): number => view.getUint32(headSize + entrySize * i + at, true);
  const slice = (i: number) => bytes.subarray(entry(i, 8), i + 1 < count ? entry(i + 1, 8) : bytes.length);
  if (count === 0 ? bytes.length !== headSize : entry(0, 8) !== headSize + entrySize * count) return bad('a gap');
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (i > 0 && (entry(i, 0) <= entry(i - 1, 0) || entry(i, 8) <= entry(i - 1, 8))) return bad('entries out of order');
    const bitmap = openRoaring(slice(i));
    if (!bitmap.ok) return bitmap;
    if (bitmap.value.cardinality !== entry(i, 4)) return bad('a bitmap of another cardinality');
    if (bitmap.value.next(rows) >= 0) return bad('a row past the end');
    total += bitmap.value.cardinality;
  }
  if (total !== rows) return bad(`${total} rows in all, the table has ${rows}`);
  return ok({
    rowsOf: (id) =>
      rowsAt(
        find(count, (i) => entry(i, 0), id),
        slice,
      ),
  });
}

function rowsAt(index: number | undefined, slice: (index: number) => Uint8Array): RoaringView | undefined {
  const opened = index === undefined ? undefined : openRoaring(slice(index));
  return opened?.ok ? opened.value : undefined;
}

function find(count: number, idAt: (index: number) => number, id: number): number | undefined {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (idAt(middle) < id) low = middle + 1;
    else high = middle;
  }
  return low < count && idAt(low) === id ? low : undefined;
}
