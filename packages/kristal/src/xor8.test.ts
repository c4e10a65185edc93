import { digestOfBytes } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildXor8, type Key64, type Xor8, xor8Has } from './xor8.ts';

const mask = (1n << 64n) - 1n;
const half = (key: bigint): Key64 => ({ high: Number(key >> 32n), low: Number(key & 0xffffffffn) });

/** The published formulas in plain 64-bit arithmetic: another implementation of the same lookup. */
function hasByTheBook({ seed, blockLength, fingerprints }: Xor8, key: bigint): boolean {
  let h = (key + BigInt(seed)) & mask;
  h = ((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn) & mask;
  h = ((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n) & mask;
  h ^= h >> 33n;
  const rotated = (by: bigint) => ((h << by) | (h >> (64n - by))) & 0xffffffffn;
  const slot = (by: bigint, block: number) => Number((rotated(by) * BigInt(blockLength)) >> 32n) + block * blockLength;
  const found = [slot(0n, 0), slot(21n, 1), slot(42n, 2)].reduce((all, at) => all ^ (fingerprints[at] as number), 0);
  return found === Number((h ^ (h >> 32n)) & 0xffn);
}

/** Keys without a pattern, from a counter. */
const keyAt = (i: number): bigint => BigInt.asUintN(64, BigInt(i + 1) * 0x9e3779b97f4a7c15n);

describe('an xor filter', () => {
  it('knows every key that was put in, as the published formulas say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 0n, max: mask }), { minLength: 1, maxLength: 500 }),
        fc.nat(),
        (keys, seed) => {
          const filter = buildXor8(keys, seed);
          for (const key of keys) {
            expect(xor8Has(filter, half(key))).toBe(true);
            expect(hasByTheBook(filter, key)).toBe(true);
            expect(xor8Has(filter, half(key ^ 1n))).toBe(hasByTheBook(filter, key ^ 1n));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives the same bytes for the same set, in any order and with duplicates', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => keyAt(i));
    const filter = buildXor8(keys, 7);
    expect(buildXor8([...keys].reverse().concat(keys), 7)).toEqual(filter);
    expect(digestOfBytes(filter.fingerprints)).toBe(
      'sha256:c2c7eb7bb133642d8690b6bd967743fcd16e68e4dc010708f9752569b34a5b8a',
    );
  });

  it('says yes to about one strange key in 256 (0.39 %)', () => {
    const filter = buildXor8(
      Array.from({ length: 20_000 }, (_, i) => keyAt(i)),
      0,
    );
    let wrong = 0;
    for (let i = 20_000; i < 220_000; i++) if (xor8Has(filter, half(keyAt(i)))) wrong++;
    // 781 expected of 200,000; six standard deviations to both sides.
    expect(wrong).toBeGreaterThan(781 - 170);
    expect(wrong).toBeLessThan(781 + 170);
  });

  it('takes the next seed where one does not peel, and says which it took', () => {
    const keys = Array.from({ length: 100 }, (_, i) => keyAt(i));
    expect([1, 2, 3].map((first) => buildXor8(keys, first).seed)).toEqual([1, 3, 3]);
    expect(buildXor8(keys, 2)).toEqual(buildXor8(keys, 3));
  });

  it('that is empty says no to everything', () => {
    const filter = buildXor8([], 3);
    expect(filter).toEqual({ seed: 3, keys: 0, blockLength: 0, fingerprints: new Uint8Array(0) });
    expect(xor8Has(filter, half(keyAt(1)))).toBe(false);
  });

  it('wraps its seed instead of growing past 32 bits', () => {
    const filter = buildXor8([keyAt(1)], 0xffffffff);
    expect(xor8Has(filter, half(keyAt(1)))).toBe(true);
  });
});
