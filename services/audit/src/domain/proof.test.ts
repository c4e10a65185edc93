import { consistencyPath, inclusionPath, leafHash, nodeHash, toHex, utf8 } from '@orgo/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { consistencyFromNodes, type NodeId, nodeKey, nodesOfConsistency, nodesOfPath, pathFromNodes } from './proof.ts';

const leaves = Array.from({ length: 300 }, (_, i) => leafHash(utf8(`${i}`)));
const hashOf = ({ level, index }: NodeId): Uint8Array =>
  level === 0
    ? (leaves[index] as Uint8Array)
    : nodeHash(hashOf({ level: level - 1, index: 2 * index }), hashOf({ level: level - 1, index: 2 * index + 1 }));

test('gives the paths that hashing the whole tree gives', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (size, seed) => {
      const index = seed % size;
      const nodes = nodesOfPath(index, size);
      const hashes = new Map(nodes.map((node) => [nodeKey(node), hashOf(node)]));
      expect(pathFromNodes(index, size, hashes).map(toHex)).toEqual(
        inclusionPath(leaves.slice(0, size), index).map(toHex),
      );
    }),
    { numRuns: 500 },
  );
});

test('needs few nodes of a large log', () => {
  expect(nodesOfPath(123_456, 9_999_999).length).toBeLessThan(50);
});

test.each([
  [0, 0],
  [3, 3],
  [-1, 3],
  [0.5, 3],
])('no path of leaf %d in a log of %d', (index, size) => {
  expect(() => nodesOfPath(index, size)).toThrow(RangeError);
});

test('says so when a node is missing', () => {
  expect(() => pathFromNodes(0, 2, new Map())).toThrow(RangeError);
});

test('gives the consistency paths that hashing the whole tree gives: all of small logs, some of larger ones', () => {
  const compare = (size1: number, size2: number): void => {
    const hashes = new Map(nodesOfConsistency(size1, size2).map((node) => [nodeKey(node), hashOf(node)]));
    expect(consistencyFromNodes(size1, size2, hashes).map(toHex)).toEqual(
      consistencyPath(leaves.slice(0, size2), size1).map(toHex),
    );
  };
  for (let size2 = 1; size2 <= 33; size2++) for (let size1 = 1; size1 <= size2; size1++) compare(size1, size2);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (size2, seed) => compare(1 + (seed % size2), size2)),
    { numRuns: 100 },
  );
  expect(nodesOfConsistency(123_456, 9_999_999).length).toBeLessThan(60);
});

test.each([
  [0, 0],
  [0, 3],
  [4, 3],
  [1.5, 3],
])('no consistency path from %d to %d', (size1, size2) => {
  expect(() => nodesOfConsistency(size1, size2)).toThrow(RangeError);
});
