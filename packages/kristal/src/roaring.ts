import { concatBytes } from '@orgo/core';

/** Constants of the portable Roaring format (RoaringFormatSpec). */
export const roaringFormat = {
  cookieNoRuns: 12_346,
  cookie: 12_347,
  noOffsetBelow: 4,
  arrayMost: 4096,
  bitsetBytes: 8192,
};

type Container = { key: number; cardinality: number; run: boolean; body: Uint8Array };

/**
 * Writes a set of unsigned 32-bit numbers in the portable Roaring format, all words little endian. Which container a chunk of 65,536
 * numbers gets is fixed, so equal sets have equal bytes: with `runOptimize` runs where they are strictly smaller in bytes; else an array
 * up to 4,096 members and a bitset above.
 * @param values ascending, without duplicates
 * @see https://github.com/RoaringBitmap/RoaringFormatSpec
 */
export function encodeRoaring(values: Uint32Array, runOptimize: boolean): Uint8Array {
  const containers = containersOf(values, runOptimize);
  const runs = containers.some((container) => container.run);
  const flags = runs ? Math.ceil(containers.length / 8) : 0;
  const offsets = !runs || containers.length >= roaringFormat.noOffsetBelow;
  const header = new Uint8Array((runs ? 4 + flags : 8) + containers.length * (offsets ? 8 : 4));
  const view = new DataView(header.buffer);
  let at = 4;
  if (runs) {
    view.setUint32(0, roaringFormat.cookie + (containers.length - 1) * 65_536, true);
    for (const [i, { run }] of containers.entries())
      if (run) header[at + (i >> 3)] = (header[at + (i >> 3)] as number) | (1 << (i & 7));
    at += flags;
  } else {
    view.setUint32(0, roaringFormat.cookieNoRuns, true);
    view.setUint32(at, containers.length, true);
    at += 4;
  }
  for (const { key, cardinality } of containers) {
    view.setUint16(at, key, true);
    view.setUint16(at + 2, cardinality - 1, true);
    at += 4;
  }
  let start = header.length;
  for (const { body } of offsets ? containers : []) {
    view.setUint32(at, start, true);
    start += body.length;
    at += 4;
  }
  return concatBytes(header, ...containers.map((container) => container.body));
}

function containersOf(values: Uint32Array, runOptimize: boolean): Container[] {
  const containers: Container[] = [];
  let from = 0;
  while (from < values.length) {
    const key = (values[from] as number) >>> 16;
    let to = from + 1;
    while (to < values.length && (values[to] as number) >>> 16 === key) to++;
    containers.push(containerOf(key, values.subarray(from, to), runOptimize));
    from = to;
  }
  return containers;
}

function containerOf(key: number, values: Uint32Array, runOptimize: boolean): Container {
  const cardinality = values.length;
  const plain = cardinality <= roaringFormat.arrayMost ? cardinality * 2 : roaringFormat.bitsetBytes;
  if (runOptimize && 2 + 4 * runsIn(values) < plain) return { key, cardinality, run: true, body: runBody(values) };
  const body = new Uint8Array(plain);
  const view = new DataView(body.buffer);
  for (let i = 0; i < cardinality; i++) {
    const low = (values[i] as number) & 0xffff;
    if (cardinality <= roaringFormat.arrayMost) view.setUint16(i * 2, low, true);
    else body[low >> 3] = (body[low >> 3] as number) | (1 << (low & 7));
  }
  return { key, cardinality, run: false, body };
}

function runsIn(values: Uint32Array): number {
  let runs = values.length === 0 ? 0 : 1;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) !== (values[i - 1] as number) + 1) runs++;
  return runs;
}

function runBody(values: Uint32Array): Uint8Array {
  const runs = runsIn(values);
  const body = new Uint8Array(2 + 4 * runs);
  const view = new DataView(body.buffer);
  view.setUint16(0, runs, true);
  let at = 2;
  for (let i = 0; i < values.length; ) {
    let end = i;
    while (end + 1 < values.length && values[end + 1] === (values[end] as number) + 1) end++;
    view.setUint16(at, (values[i] as number) & 0xffff, true);
    view.setUint16(at + 2, end - i, true);
    at += 4;
    i = end + 1;
  }
  return body;
}
