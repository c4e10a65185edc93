import { nodeHash } from './merkle-hash.ts';

/**
 * All nodes of a tree, leaf hashes first, root last. Entry i of level l is the root of the leaves from i·2^l up to,
 * at most, (i+1)·2^l; the last entry of a level may cover fewer.
 */
export type Levels = Uint8Array[][];

/** Hashes a tree once so that its root and every path can be read from it. A RangeError for a leaf hash of other than 32 bytes. */
export const levelsOf = (leafHashes: readonly Uint8Array[]): Levels => {
  if (!leafHashes.every((hash) => hash.length === 32)) throw new RangeError('a leaf hash is 32 bytes');
  let level = leafHashes.slice();
  const levels: Levels = [level];
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      above.push(nodeHash(level[i] as Uint8Array, level[i + 1] as Uint8Array));
    }
    // A node without a sibling is the root of its own subtree and rises unchanged.
    if (level.length % 2 === 1) above.push(level[level.length - 1] as Uint8Array);
    levels.push(above);
    level = above;
  }
  return levels;
};

/** Inclusion path of the leaf at `index`, from its sibling up. A RangeError for an index outside the tree. */
export const pathIn = (levels: Levels, index: number): Uint8Array[] => {
  if (!Number.isInteger(index) || index < 0 || index >= (levels[0] as Uint8Array[]).length) {
    throw new RangeError('no such leaf');
  }
  const path: Uint8Array[] = [];
  let at = index;
  for (const level of levels) {
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1];
    if (sibling !== undefined) path.push(sibling);
    at = Math.floor(at / 2);
  }
  return path;
};

/** Root of the leaves from `start` to `end`, which must be a subtree of the tree. */
const subtree = (levels: Levels, start: number, end: number): Uint8Array => {
  const height = end - start === 1 ? 0 : 32 - Math.clz32(end - start - 1);
  return (levels[height] as Uint8Array[])[start / 2 ** height] as Uint8Array;
};

/** SUBPROOF of RFC 9162 section 2.1.4.1, in absolute leaf numbers. `known`: the verifier holds this subtree as its old root. */
const subproof = (levels: Levels, size1: number, start: number, end: number, known: boolean): Uint8Array[] => {
  if (size1 === end) return known ? [] : [subtree(levels, start, end)];
  const split = start + 2 ** (31 - Math.clz32(end - start - 1));
  return size1 <= split
    ? [...subproof(levels, size1, start, split, known), subtree(levels, split, end)]
    : [...subproof(levels, size1, split, end, false), subtree(levels, start, split)];
};

/** Consistency path from the tree of the first `size1` leaves. A RangeError unless `0 < size1 <=` the number of leaves. */
export const consistencyIn = (levels: Levels, size1: number): Uint8Array[] => {
  const size2 = (levels[0] as Uint8Array[]).length;
  if (!Number.isInteger(size1) || size1 < 1 || size1 > size2) throw new RangeError('no such earlier tree');
  return subproof(levels, size1, 0, size2, true);
};
