import { nodeHash } from '@orgo/core';

/** A complete subtree: the root of leaves `index·2^level` up to `(index+1)·2^level`. Level 0 is a leaf hash. */
export type NodeId = { level: number; index: number };

export const nodeKey = ({ level, index }: NodeId): string => `${level}/${index}`;

/** Complete subtrees that cover leaves `from` up to `to`, left to right, where `from` is a multiple of every size used. */
function cover(from: number, to: number): NodeId[] {
  const nodes: NodeId[] = [];
  for (let at = from; at < to; ) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level++;
    nodes.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return nodes;
}

/** The steps of an inclusion path (RFC 9162 section 2.1.3.1): each is one hash, given by the complete subtrees it is made of. */
function steps(index: number, size: number): NodeId[][] {
  const path: NodeId[][] = [];
  for (let level = 0; 2 ** level < size; level++) {
    const at = Math.floor(index / 2 ** level);
    const sibling = at % 2 === 0 ? at + 1 : at - 1;
    const from = sibling * 2 ** level;
    if (from < size) path.push(cover(from, Math.min(from + 2 ** level, size)));
  }
  return path;
}

/** Every complete subtree that the inclusion path of a leaf needs; O(log² size) of them. A RangeError for an index outside the tree. */
export function nodesOfPath(index: number, size: number): NodeId[] {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size)
    throw new RangeError('no such leaf');
  return steps(index, size).flat();
}

/** The inclusion path of a leaf, from the hashes of `nodesOfPath`, keyed by `nodeKey`. A RangeError where one is missing. */
export function pathFromNodes(index: number, size: number, hashes: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  return hashesOf(steps(index, size), hashes);
}

/** One hash per step, from the complete subtrees it is made of. A RangeError where one is missing. */
function hashesOf(path: readonly NodeId[][], hashes: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  const hashOf = (node: NodeId): Uint8Array => {
    const hash = hashes.get(nodeKey(node));
    if (hash === undefined) throw new RangeError(`no hash of node ${nodeKey(node)}`);
    return hash;
  };
  return path.map((nodes) => nodes.map(hashOf).reduceRight((right, left) => nodeHash(left, right)));
}

/** SUBPROOF of RFC 9162 section 2.1.4.1 over leaves `from` up to `to`. `known`: the reader holds this subtree as its old root. */
function subproof(size1: number, from: number, to: number, known: boolean): NodeId[][] {
  if (size1 === to) return known ? [] : [cover(from, to)];
  let split = 1;
  while (split * 2 < to - from) split *= 2;
  const middle = from + split;
  return size1 <= middle
    ? [...subproof(size1, from, middle, known), cover(middle, to)]
    : [...subproof(size1, middle, to, false), cover(from, middle)];
}

/** Every complete subtree that the consistency path between two sizes needs. A RangeError unless `0 < size1 <= size2`. */
export function nodesOfConsistency(size1: number, size2: number): NodeId[] {
  if (!Number.isSafeInteger(size1) || !Number.isSafeInteger(size2) || size1 < 1 || size1 > size2)
    throw new RangeError('no such earlier tree');
  return subproof(size1, 0, size2, true).flat();
}

/** The consistency path between two sizes, from the hashes of `nodesOfConsistency`. A RangeError where one is missing. */
export const consistencyFromNodes = (
  size1: number,
  size2: number,
  hashes: ReadonlyMap<string, Uint8Array>,
): Uint8Array[] => hashesOf(subproof(size1, 0, size2, true), hashes);
