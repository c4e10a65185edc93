import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, similarityBp, trigrams } from './distance.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), maxLength: 8 });

describe('edit distance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['😀a', 'a', 1],
    ['mainz', 'mainz', 0],
  ])('of %j and %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is a metric', () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        const ab = editDistance(a, b);
        expect(ab).toBe(editDistance(b, a));
        expect(ab === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(ab + editDistance(b, c));
      }),
    );
  });
});

it('scales likeness to basis points, rounded down', () => {
  expect(similarityBp('gutenberg', 'gutenburg')).toBe(8888);
  expect(similarityBp('a', 'b')).toBe(0);
  expect(similarityBp('', '')).toBe(10_000);
});

it('pads names so that their ends count', () => {
  expect([...trigrams('ab')]).toEqual(['  a', ' ab', 'ab ']);
});
