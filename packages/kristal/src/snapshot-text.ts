import { fromUtf8, type JsonValue } from '@orgo/core';
import type { StageResult } from './stage-core.ts';

/** Text of a snapshot with positions in Unicode code points. The raw text is never normalised. */
export type SnapshotText = {
  text: string;
  /** Length in code points. */
  length: number;
  /** Slice in code points, half open; undefined where the range leaves the text or is empty. */
  slice(start: number, end: number): string | undefined;
  /** Code point position of a UTF-16 index of `text`. */
  position(index: number): number;
};

/** Decodes a snapshot strictly: no repair, a BOM stays part of the text. Refuses with INGEST_PARSE_ERROR. */
export function snapshotText(bytes: Uint8Array): StageResult<SnapshotText> {
  const decoded = fromUtf8(bytes);
  if (!decoded.ok) return { ok: false, code: 'INGEST_PARSE_ERROR', detail: 'not valid UTF-8' };
  return { ok: true, value: indexText(decoded.value) };
}

/** Indexes text by code point. Text without astral characters needs no table: both positions are the same. */
export function indexText(text: string): SnapshotText {
  const astral: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      astral.push(i);
      i++;
    }
  }
  const length = text.length - astral.length;
  const before = (index: number) => lowerBound(astral, index);
  const unitOf = (point: number) => {
    let index = point + before(point);
    // Each pass accounts for pairs that the previous shift moved past; it settles after as many passes as new pairs appear.
    for (let next = point + before(index); next !== index; next = point + before(index)) index = next;
    return index;
  };
  return {
    text,
    length,
    slice: (start, end) =>
      Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= length
        ? text.slice(unitOf(start), unitOf(end))
        : undefined,
    position: (index) => index - before(index),
  };
}

/** Number of elements below `value` in a sorted list. */
function lowerBound(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value an RFC 6901 pointer names, or undefined where it names none. Array indexes are decimal without leading zeros. */
export function atPointer(document: JsonValue, pointer: string): JsonValue | undefined {
  if (pointer === '') return document;
  if (!pointer.startsWith('/')) return undefined;
  let value: JsonValue | undefined = document;
  for (const raw of pointer.slice(1).split('/')) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(key) ? value[Number(key)] : undefined;
    else if (value !== null && typeof value === 'object' && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}

/** Escapes one reference token of an RFC 6901 pointer. */
export function pointerToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
