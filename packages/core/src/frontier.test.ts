import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendLeaves, emptyFrontier, type Frontier, frontierRoot } from './frontier.ts';
import { toHex } from './hex.ts';
import { inclusionPath, rootOf } from './merkle.ts';
import { leafHash } from './merkle-hash.ts';
import { utf8 } from './text.ts';

const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => leafHash(utf8(`leaf ${i}`)));

const bitsOf = (n: number): number => [...n.toString(2)].filter((bit) => bit === '1').length;

it('gives the root and paths of the whole tree at every step, however a log grows', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 }), (batches) => {
      let frontier = emptyFrontier();
      for (const count of batches) {
        const leaves = leavesOf(frontier.size + count);
        const appended = appendLeaves(frontier, leaves.slice(frontier.size));
        expect(appended.root).toEqual(rootOf(leaves));
        expect(appended.paths).toEqual(
          leaves.slice(frontier.size).map((_, i) => inclusionPath(leaves, frontier.size + i)),
        );
        expect(appended.frontier.size).toBe(leaves.length);
        expect(appended.frontier.hashes).toHaveLength(bitsOf(leaves.length));
        expect(frontierRoot(appended.frontier)).toEqual(appended.root);
        frontier = appended.frontier;
      }
    }),
  );
});

it('does not depend on how the leaves were batched', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), (first, second) => {
      const leaves = leavesOf(first + second);
      const once = appendLeaves(emptyFrontier(), leaves).frontier;
      const twice = appendLeaves(appendLeaves(emptyFrontier(), leaves.slice(0, first)).frontier, leaves.slice(first));
      expect(twice.frontier).toEqual(once);
    }),
  );
});

it('changes neither the frontier nor the leaves it was given', () => {
  const frontier = appendLeaves(emptyFrontier(), leavesOf(7)).frontier;
  const before = structuredClone(frontier);
  const leaves = leavesOf(3);
  appendLeaves(frontier, leaves);
  expect(frontier).toEqual(before);
  expect(leaves.map(toHex)).toEqual(leavesOf(3).map(toHex));
});

describe('a damaged frontier is not appended to', () => {
  const hash = '00'.repeat(32);
  it.each<[string, Frontier]>([
    ['a hash is missing', { size: 3, hashes: [hash] }],
    ['a hash too many', { size: 4, hashes: [hash, hash] }],
    ['a short hash', { size: 1, hashes: ['00'] }],
    ['not hex', { size: 1, hashes: ['zz'.repeat(32)] }],
    ['hashes of an empty log', { size: 0, hashes: [hash] }],
  ])('%s', (_, frontier) => {
    expect(() => appendLeaves(frontier, leavesOf(1))).toThrow(RangeError);
    expect(() => frontierRoot(frontier)).toThrow(RangeError);
  });
  it('a leaf hash of another length', () => {
    expect(() => appendLeaves(emptyFrontier(), [new Uint8Array(31)])).toThrow(RangeError);
  });
});

it('grows past 32 bits', () => {
  const frontier = { size: 2 ** 40, hashes: [toHex(leavesOf(1)[0] as Uint8Array)] };
  const { frontier: grown, paths } = appendLeaves(frontier, leavesOf(2));
  expect(grown.size).toBe(2 ** 40 + 2);
  expect(grown.hashes).toHaveLength(2);
  expect(paths.map((path) => path.length)).toEqual([2, 2]);
});
