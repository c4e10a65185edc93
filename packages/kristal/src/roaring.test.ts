import { digestOfBytes } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRoaring } from './roaring.ts';
import { openRoaring } from './roaring-view.ts';

const sorted = (values: Iterable<number>) => Uint32Array.from(new Set(values)).sort();
const membersOf = (bytes: Uint8Array): number[] => {
  const opened = openRoaring(bytes);
  if (!opened.ok) throw new Error(opened.detail);
  const members: number[] = [];
  for (let at = opened.value.next(0); at >= 0; at = opened.value.next(at + 1)) members.push(at);
  expect(opened.value.cardinality).toBe(members.length);
  return members;
};

/** The set of the published test files of the format: thousands, multiples of three, and one long run. */
const published = sorted([
  ...Array.from({ length: 100 }, (_, i) => i * 1000),
  ...Array.from({ length: 100_000 }, (_, i) => 3 * (100_000 + i)),
  ...Array.from({ length: 100_000 }, (_, i) => 700_000 + i),
]);

describe('the published bitmaps of RoaringFormatSpec', () => {
  it.each([
    ['bitmapwithruns.bin', true, 48_056, '1f1909bfdd354fa2f0694fe88b8076833ca5383ad9fc3f68f2709c84a2ab70e3'],
    ['bitmapwithoutruns.bin', false, 72_616, 'd719ae2e0150a362ef7cf51c361527585891f01460b1a92bcfb6a7257282a442'],
  ])('%s is written to the byte', (_name, runOptimize, size, sha256) => {
    const bytes = encodeRoaring(published, runOptimize);
    expect(bytes.length).toBe(size);
    expect(digestOfBytes(bytes)).toBe(`sha256:${sha256}`);
    expect(membersOf(bytes)).toEqual([...published]);
  });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('small bitmaps by hand', () => {
  it.each([
    ['nothing', [], true, '3a30000000000000'],
    ['one number', [5], true, '3a30000001000000000000001000000005 00'.replace(' ', '')],
    ['eleven to fifteen as a run', [11, 12, 13, 14, 15], true, '3b300000010000040001000b000400'],
    ['and without runs', [11, 12], false, '3a3000000100000000000100100000000b000c00'],
  ])('%s', (_what, values, runOptimize, expected) => {
    expect(hex(encodeRoaring(Uint32Array.from(values), runOptimize))).toBe(expected);
  });
});

describe('any set', () => {
  const near = fc
    .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 65_535 }))
    .map(([k, v]) => k * 65_536 + v);
  const run = fc
    .tuple(near, fc.integer({ min: 1, max: 9000 }))
    .map(([from, n]) => Array.from({ length: n }, (_, i) => from + i));
  const spread = fc
    .tuple(near, fc.integer({ min: 1, max: 6000 }))
    .map(([from, n]) => Array.from({ length: n }, (_, i) => from + 3 * i));
  const wide = fc.integer({ min: 0, max: 0xffffffff }).map((value) => [value]);
  const sets = fc
    .array(
      fc.oneof(
        run,
        spread,
        wide,
        near.map((v) => [v]),
      ),
      { maxLength: 8 },
    )
    .map((parts) => sorted(parts.flat()));

  it('comes back, and its members are found from any place on', () => {
    fc.assert(
      fc.property(sets, fc.boolean(), fc.integer({ min: 0, max: 0xffffffff }), (values, runOptimize, from) => {
        const bytes = encodeRoaring(values, runOptimize);
        expect(membersOf(bytes)).toEqual([...values]);
        const opened = openRoaring(bytes);
        expect(opened.ok && opened.value.next(from)).toBe(values.find((value) => value >= from) ?? -1);
      }),
      { numRuns: 60 },
    );
  });

  it('that lost or changed a byte is refused or is another set in order, and is never read past its end', () => {
    const bytes = encodeRoaring(sorted([...Array.from({ length: 300 }, (_, i) => i), 70_000, 70_005, 900_000]), true);
    for (let i = 0; i < bytes.length; i++) {
      expect(openRoaring(bytes.subarray(0, i))).toMatchObject({ ok: false, code: 'PACK_INDEX_INVALID' });
      for (const bit of [1, 16, 128]) {
        const opened = openRoaring(bytes.map((byte, k) => (k === i ? byte ^ bit : byte)));
        if (!opened.ok) expect(opened.code).toBe('PACK_INDEX_INVALID');
        else expect(opened.value.next(0)).toBeGreaterThanOrEqual(0);
      }
    }
  });
});
