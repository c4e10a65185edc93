import { emptyRoot } from './merkle-hash.ts';
import { consistencyIn, levelsOf, pathIn } from './merkle-levels.ts';

/**
 * Root of the RFC 6962 tree over these leaf hashes (RFC 9162 section 2.1.1): a tree of n leaves splits at the largest
 * power of two below n.
 * @example toHex(rootOf([])) // 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
 */
export const rootOf = (leafHashes: readonly Uint8Array[]): Uint8Array =>
  levelsOf(leafHashes).at(-1)?.[0] ?? emptyRoot();

/**
 * Inclusion path of one leaf, from its sibling up (RFC 9162 section 2.1.3.1). A RangeError for an index outside the
 * tree. For many leaves of one tree, `signBatch` and `appendLeaves` hash the tree once.
 */
export const inclusionPath = (leafHashes: readonly Uint8Array[], index: number): Uint8Array[] =>
  pathIn(levelsOf(leafHashes), index);

/**
 * Consistency path from the tree of the first `size1` leaves to the whole tree (RFC 9162 section 2.1.4.1); empty when
 * both are the same tree. A RangeError unless `0 < size1 <= leafHashes.length`: nothing follows from an empty tree.
 */
export const consistencyPath = (leafHashes: readonly Uint8Array[], size1: number): Uint8Array[] =>
  consistencyIn(levelsOf(leafHashes), size1);
