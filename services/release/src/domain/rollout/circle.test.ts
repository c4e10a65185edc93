import { describe, expect, it } from 'vitest';
import { circleOf, type Requiring } from './circle.ts';

const pack = (n: number): string => `${n}`.padStart(64, '0');
const rel = (n: number) => `rel_0198c0de-0000-7000-8000-${`${n}`.padStart(12, '0')}` as const;
/** Release `n` of pack `n` to channel `c<n>`: what it requires is a release, or a pack where its channel is to run it. */
const release = (n: number, ...requires: (number | [pack: number])[]): Requiring => ({
  id: rel(n),
  channel: `c${n}`,
  pack_id: pack(n),
  requires: requires.map((one) =>
    typeof one === 'number' ? { release_id: rel(one) } : { channel: `c${one[0]}`, pack_id: pack(one[0]) },
  ),
});

describe('releases that require one another', () => {
  const cases: [string, Requiring[], Record<number, number[] | null>][] = [
    ['in a line', [release(1), release(2, 1), release(3, [2])], { 1: null, 2: null, 3: null }],
    ['in a circle of two', [release(1, [2]), release(2, 1)], { 1: null, 2: [2, 1] }],
    ['in a circle of three', [release(1, [3]), release(2, 1), release(3, [2])], { 1: null, 2: null, 3: [3, 2, 1] }],
    ['a circle beside the way', [release(1, [2]), release(2, [1]), release(3, 1)], { 2: [2, 1], 3: null }],
    ['what runs where it goes', [release(1, [1])], { 1: [1] }],
    ['a pack that nobody knows yet', [release(1, [2]), { ...release(2, 1), pack_id: null }], { 1: null, 2: null }],
    ['two ways round', [release(1, [4]), release(2, 1), release(3, 1), release(4, 2, 3)], { 4: [4, 2, 1] }],
  ];
  it.each(cases)('%s', (_, releases, expected) => {
    for (const [own, ids] of Object.entries(expected))
      expect([own, circleOf(rel(Number(own)), releases)]).toEqual([own, ids?.map(rel) ?? null]);
  });
});
