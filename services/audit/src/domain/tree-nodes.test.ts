import { appendLeaves, emptyFrontier, type Frontier, leafHash, rootOf, toHex, utf8 } from '@orgo/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeKey } from './proof.ts';
import { completedNodes, hashFromParts, storedParts } from './tree-nodes.ts';

const leaves = Array.from({ length: 600 }, (_, i) => leafHash(utf8(`${i}`)));

/** Everything that a log stores after its leaves came in batches. */
function stored(batches: readonly number[]): { nodes: Map<string, Uint8Array>; size: number; rows: number } {
  const nodes = new Map<string, Uint8Array>();
  let frontier: Frontier = emptyFrontier();
  let rows = 0;
  for (const count of batches) {
    const batch = leaves.slice(frontier.size, frontier.size + count);
    for (const node of completedNodes(frontier, batch)) {
      expect(node.level % 4).toBe(0);
      nodes.set(nodeKey(node), node.hash);
      rows++;
    }
    for (const [i, hash] of batch.entries()) nodes.set(nodeKey({ level: 0, index: frontier.size + i }), hash);
    frontier = appendLeaves(frontier, batch).frontier;
  }
  return { nodes, size: frontier.size, rows };
}

const batches = fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 6 });

test('gives the root of every complete subtree, however the leaves came', () => {
  fc.assert(
    fc.property(batches, (counts) => {
      const { nodes, size } = stored(counts);
      for (let level = 0; 2 ** level <= size; level++) {
        for (let index = 0; (index + 1) * 2 ** level <= size; index++) {
          const hash = hashFromParts({ level, index }, nodes);
          expect(toHex(hash)).toBe(toHex(rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))));
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('stores each node once, one for every sixteen below it', () => {
  fc.assert(
    fc.property(batches, (counts) => {
      const { nodes, size, rows } = stored(counts);
      expect(rows).toBe(Math.floor(size / 16) + Math.floor(size / 256));
      expect(nodes.size).toBe(size + rows);
    }),
  );
});

test('a node is made of stored ones, eight at the most', () => {
  expect(storedParts({ level: 4, index: 3 })).toEqual([{ level: 4, index: 3 }]);
  expect(storedParts({ level: 7, index: 1 })).toEqual(
    Array.from({ length: 8 }, (_, i) => ({ level: 4, index: 8 + i })),
  );
});

test('says so when a part is missing', () => {
  expect(() => hashFromParts({ level: 1, index: 0 }, new Map([['0/0', leaves[0] as Uint8Array]]))).toThrow(RangeError);
});

test('a frontier that is none is a mistake of whoever keeps it', () => {
  expect(() => completedNodes({ size: 1, hashes: ['zz'] }, leaves.slice(0, 1))).toThrow(RangeError);
});
