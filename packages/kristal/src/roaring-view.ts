import { ok, type Result, refuse } from '@orgo/core';
import { roaringFormat } from './roaring.ts';

/** A set of numbers in the portable Roaring format, read in place. */
export type RoaringView = {
  cardinality: number;
  /** The smallest member that is at least `from`, or -1. */
  next(from: number): number;
};

type Container = { key: number; cardinality: number; kind: 'array' | 'bitset' | 'run'; at: number; size: number };

/**
 * Opens a bitmap and checks all of it: header, order, cardinalities, no byte left over; reading it afterwards leaves no bounds.
 * Refuses with `PACK_INDEX_INVALID`.
 * @param bytes exactly one bitmap
 */
export function openRoaring(bytes: Uint8Array): Result<RoaringView> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const containers = readHeader(view);
    const problem = bodyProblem(view, containers);
    if (problem) return refuse('PACK_INDEX_INVALID', `bitmap: ${problem}`);
    const cardinality = containers.reduce((sum, container) => sum + container.cardinality, 0);
    return ok({ cardinality, next: (from) => nextIn(view, containers, from) });
  } catch (error) {
    if (error instanceof RangeError) return refuse('PACK_INDEX_INVALID', 'bitmap: cut short');
    throw error;
  }
}

/** The containers by the header alone. A header that reaches past the end throws a RangeError. */
function readHeader(view: DataView): Container[] {
  const cookie = view.getUint32(0, true);
  const runs = (cookie & 0xffff) === roaringFormat.cookie;
  if (!runs && cookie !== roaringFormat.cookieNoRuns) throw new RangeError('cookie');
  const count = runs ? (cookie >>> 16) + 1 : view.getUint32(4, true);
  const flags = 4;
  let at = runs ? 4 + Math.ceil(count / 8) : 8;
  // Compared before anything of that length is made.
  if (count * 4 > view.byteLength) throw new RangeError('count');
  let start = at + count * (!runs || count >= roaringFormat.noOffsetBelow ? 8 : 4);
  return Array.from({ length: count }, (_, i): Container => {
    const key = view.getUint16(at, true);
    const cardinality = view.getUint16(at + 2, true) + 1;
    at += 4;
    const run = runs && ((view.getUint8(flags + (i >> 3)) >> (i & 7)) & 1) === 1;
    const kind = run ? 'run' : cardinality <= roaringFormat.arrayMost ? 'array' : 'bitset';
    const size = run
      ? 2 + 4 * view.getUint16(start, true)
      : kind === 'array'
        ? cardinality * 2
        : roaringFormat.bitsetBytes;
    start += size;
    return { key, cardinality, kind, at: start - size, size };
  });
}

function bodyProblem(view: DataView, containers: readonly Container[]): string | undefined {
  const end = containers.reduce((last, { at, size }) => Math.max(last, at + size), 0);
  if (containers.length > 0 ? end !== view.byteLength : view.byteLength !== 8)
    return 'another length than its header says';
  const first = containers[0];
  const offsets = first !== undefined && view.getUint32(0, true) === roaringFormat.cookieNoRuns;
  const many = containers.length >= roaringFormat.noOffsetBelow;
  for (const [i, container] of containers.entries()) {
    if (i > 0 && container.key <= (containers[i - 1] as Container).key) return 'containers out of order';
    if (offsets || many) {
      const told = view.getUint32((first as Container).at - 4 * (containers.length - i), true);
      if (told !== container.at) return 'a container elsewhere than its offset says';
    }
    if (countOf(view, container) !== container.cardinality) return 'a container of another cardinality';
  }
  return undefined;
}

/** Members of a container, or -1 where they are not in order. */
function countOf(view: DataView, { kind, at, size, cardinality }: Container): number {
  let count = 0;
  let last = -1;
  if (kind === 'bitset') {
    for (let i = 0; i < size; i += 4) count += bitsIn(view.getUint32(at + i, true));
    return count;
  }
  if (kind === 'array') {
    for (let i = 0; i < cardinality; i++) {
      const value = view.getUint16(at + 2 * i, true);
      if (value <= last) return -1;
      last = value;
    }
    return cardinality;
  }
  for (let i = at + 2; i < at + size; i += 4) {
    const start = view.getUint16(i, true);
    const more = view.getUint16(i + 2, true);
    if (start <= last || start + more > 0xffff) return -1;
    last = start + more;
    count += more + 1;
  }
  return count;
}

function bitsIn(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function nextIn(view: DataView, containers: readonly Container[], from: number): number {
  const high = Math.floor(from / 65_536);
  let index = firstIndex(containers.length, (i) => (containers[i] as Container).key >= high);
  for (; index < containers.length; index++) {
    const container = containers[index] as Container;
    const low = nextLow(view, container, container.key === high ? from % 65_536 : 0);
    if (low >= 0) return container.key * 65_536 + low;
  }
  return -1;
}

function nextLow(view: DataView, { kind, at, size, cardinality }: Container, from: number): number {
  if (kind === 'array') {
    const i = firstIndex(cardinality, (k) => view.getUint16(at + 2 * k, true) >= from);
    return i < cardinality ? view.getUint16(at + 2 * i, true) : -1;
  }
  if (kind === 'run') {
    const runs = (size - 2) / 4;
    const end = (k: number) => view.getUint16(at + 2 + 4 * k, true) + view.getUint16(at + 4 + 4 * k, true);
    const i = firstIndex(runs, (k) => end(k) >= from);
    return i < runs ? Math.max(from, view.getUint16(at + 2 + 4 * i, true)) : -1;
  }
  let word = from >>> 5;
  let bits = view.getUint32(at + 4 * word, true) & (-1 << (from & 31));
  while (bits === 0) {
    if (++word === 2048) return -1;
    bits = view.getUint32(at + 4 * word, true);
  }
  return word * 32 + (31 - Math.clz32(bits & -bits));
}

/** The first index for which a condition holds that, once true, stays true; the count where it never does. */
function firstIndex(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
