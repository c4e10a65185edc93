import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CanonicalError, canonical, canonicalBytes } from './canonical.ts';
import { digestOf, digestOfBytes } from './digest.ts';
import { strictValue } from './json.fixture.ts';
import { parseStrict } from './strict-json.ts';
import { utf8 } from './text.ts';
import { readVectors } from './vectors.fixture.ts';

type Vector = { name: string; input: string; canonical: string; digest: string };

describe('golden vectors', () => {
  it.each(readVectors<{ vectors: Vector[] }>('canonical').vectors)('$name', (vector) => {
    const read = parseStrict(vector.input);
    if (!read.ok) expect.fail(read.detail);
    expect(canonical(read.value)).toBe(vector.canonical);
    expect(digestOf(read.value)).toBe(vector.digest);
    expect(canonical(JSON.parse(vector.canonical))).toBe(vector.canonical);
  });
});

describe('properties', () => {
  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), strictValue), (members) => {
        const reversed = Object.fromEntries(Object.entries(members).reverse());
        expect(canonical(reversed)).toBe(canonical(members));
      }),
    );
  });

  it('is JSON for the same value, and hashes as its bytes', () => {
    fc.assert(
      fc.property(strictValue, (value) => {
        expect(JSON.parse(canonical(value))).toEqual(value);
        expect(canonicalBytes(value)).toEqual(utf8(canonical(value)));
        expect(digestOf(value)).toBe(digestOfBytes(canonicalBytes(value)));
      }),
    );
  });
});

class Point {
  x = 1;
}

describe('refuses what is not JSON', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  // biome-ignore lint/suspicious/noSparseArray: a hole is the case under test
  const sparse = [1, , 2];

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['an undefined element', [undefined]],
    ['a hole', sparse],
    ['a function', () => 1],
    ['toJSON', { toJSON: () => 'evil' }],
    ['a symbol', Symbol('s')],
    ['a symbol key', { [Symbol('s')]: 1 }],
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['Infinity', [Number.POSITIVE_INFINITY]],
    ['a Date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['bytes', new Uint8Array(2)],
    ['a boxed string', Object('a')],
    ['a class instance', new Point()],
    ['an array subclass', new (class extends Array {})()],
    [
      'a getter',
      {
        get a() {
          return 1;
        },
      },
    ],
    ['a setter', { set a(_: number) {} }],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['nesting without end', nested(513)],
  ])('%s', (_, value) => {
    expect(() => canonical(value)).toThrow(CanonicalError);
    expect(() => canonical({ deep: [value] })).toThrow(CanonicalError);
    expect(() => canonical(value)).toThrow(expect.objectContaining({ code: 'CANONICAL_TYPE_UNSUPPORTED' }));
  });

  it('but takes objects without a prototype, and minus zero as zero', () => {
    expect(canonical(Object.assign(Object.create(null), { a: -0 }))).toBe('{"a":0}');
    expect(canonical(nested(512))).toBe(`${'['.repeat(512)}1${']'.repeat(512)}`);
  });

  it('does not stop at a cycle for ever', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => canonical(cycle)).toThrow(CanonicalError);
  });
});
