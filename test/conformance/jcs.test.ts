import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonical, canonicalBytes, parseStrict, toHex } from '@orgo/core';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { needs, sharedPath } from '../kit/shared.ts';

const published = sharedPath('vectors', 'jcs');
const names = ['arrays', 'french', 'structures', 'unicode', 'values', 'weird'].map((name) => `${name}.json`);

describe('the published RFC 8785 vectors', () => {
  it.for(names)('%s', (name, context) => {
    needs(context, published);
    const read = parseStrict(new Uint8Array(readFileSync(join(published, 'input', name))));
    if (!read.ok) expect.fail(read.detail);
    expect(canonical(read.value)).toBe(readFileSync(join(published, 'output', name), 'utf8'));
    const hex = readFileSync(join(published, 'outhex', name.replace('.json', '.txt')), 'utf8');
    expect(toHex(canonicalBytes(read.value))).toBe(hex.replaceAll(/\s/g, ''));
  });

  it('are the six of them', (context) => {
    needs(context, published);
    expect(readdirSync(join(published, 'input')).sort()).toEqual(names);
  });
});

const doubleOf = (hex: string): number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return view.getFloat64(0);
};

describe('RFC 8785 appendix B', () => {
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('%s is %s', (bits, text) => expect(canonical(doubleOf(bits))).toBe(text));

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('%s has no form', (bits) => {
    expect(() => canonical(doubleOf(bits))).toThrow(expect.objectContaining({ code: 'CANONICAL_TYPE_UNSUPPORTED' }));
  });
});

it('writes what the canonicalize package writes', () => {
  const value = fc.jsonValue({ noUnicodeString: false, depthSize: 'medium' } as fc.JsonSharedConstraints);
  fc.assert(
    fc.property(value, (json) => {
      expect(canonical(json)).toBe(canonicalize(json));
    }),
    { numRuns: 2000 },
  );
});

it('writes the numbers and key orders that the canonicalize package writes', () => {
  const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => doubleOf(n.toString(16)));
  const numbers = fc.array(fc.oneof(bits.filter(Number.isFinite), fc.double({ noNaN: true, noDefaultInfinity: true })));
  const members = fc.dictionary(fc.string({ unit: 'binary' }), fc.maxSafeInteger());
  fc.assert(
    fc.property(numbers, members, (list, object) => {
      expect(canonical([list, object])).toBe(canonicalize([list, object]));
    }),
    { numRuns: 2000 },
  );
});
