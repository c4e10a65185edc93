import type { ArtifactRef } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { compareRefs, sameRefs, sortRefs } from './artifact-refs.ts';
import { digestOf } from './digest.ts';

const ref = (kind: string, seed: string, size = 1): ArtifactRef => ({
  kind,
  ref: digestOf(seed),
  media_type: 'application/json',
  size,
});
const [low, high] = [ref('b', 'x'), ref('b', 'y')].sort((a, b) => (a.ref < b.ref ? -1 : 1)) as [
  ArtifactRef,
  ArtifactRef,
];

it('sorts by kind, then by reference, as the code units stand and not as a language would', () => {
  const refs = [ref('ä', 'x'), high, ref('a', 'z'), low, ref('B', 'x')];
  expect(sortRefs(refs)).toEqual([ref('B', 'x'), ref('a', 'z'), low, high, ref('ä', 'x')]);
  expect([...refs].sort(compareRefs)).toEqual(sortRefs(refs));
});

it('leaves out exact duplicates, and nothing that differs in anything', () => {
  expect(sortRefs([low, high, { ...low }])).toEqual([low, high]);
  expect(sortRefs([low, { ...low, size: 2 }])).toHaveLength(2);
});

it('takes lists for the same whatever their order', () => {
  expect(sameRefs([high, low], [low, high, high])).toBe(true);
  expect(sameRefs([low], [low, high])).toBe(false);
});
