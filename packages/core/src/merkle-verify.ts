import { equalBytes } from './bytes.ts';
import { nodeHash } from './merkle-hash.ts';
import { ok, type Result, refuse } from './result.ts';

/** Halving instead of shifting: sizes go up to 2^53, beyond what bit operators hold. */
const half = (n: number): number => Math.floor(n / 2);

/*
 * A root binds the leaves; a path alone does not bind the size, because trees of some sizes (11 and 12, seen from the
 * first 6 leaves) have paths of one shape. Take sizes from where they are signed together with the root.
 */

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

const areHashes = (hashes: readonly Uint8Array[]): boolean => hashes.every((hash) => hash.length === 32);

/**
 * Root that an inclusion path leads to (RFC 9162 section 2.1.3.2). Refuses with `PROOF_INVALID` when the path has not
 * exactly the length that index and size demand, or anything is not a 32-byte hash.
 */
export const rootFromPath = (proof: {
  index: number;
  size: number;
  leafHash: Uint8Array;
  path: readonly Uint8Array[];
}): Result<Uint8Array> => {
  const { index, size, path } = proof;
  if (!isCount(index) || !isCount(size) || index >= size) return refuse('PROOF_INVALID', 'index is outside the tree');
  if (proof.leafHash.length !== 32 || !areHashes(path)) return refuse('PROOF_INVALID', 'a hash is not 32 bytes');
  let node = index;
  let last = size - 1;
  let root = proof.leafHash;
  for (const sibling of path) {
    if (last === 0) return refuse('PROOF_INVALID', 'the path is too long');
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root);
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      root = nodeHash(root, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 ? ok(root) : refuse('PROOF_INVALID', 'the path is too short');
};

/**
 * Checks that a leaf is in the tree of `size` leaves under `root` at `index`.
 * Refuses with `PROOF_INVALID` for any other answer than yes.
 */
export const verifyInclusion = (proof: {
  index: number;
  size: number;
  leafHash: Uint8Array;
  path: readonly Uint8Array[];
  root: Uint8Array;
}): Result<true> => {
  const root = rootFromPath(proof);
  if (!root.ok) return root;
  return equalBytes(root.value, proof.root) ? ok(true) : refuse('PROOF_INVALID', 'the path leads to another root');
};

/**
 * Checks that the tree of `size1` leaves under `root1` is the beginning of the tree of `size2` leaves under `root2`
 * (RFC 9162 section 2.1.4.2). Refuses with `PROOF_INVALID` for any other answer than yes, also when `size1` is 0:
 * every tree begins with nothing, so such a proof would prove nothing.
 */
export const verifyConsistency = (proof: {
  size1: number;
  size2: number;
  root1: Uint8Array;
  root2: Uint8Array;
  path: readonly Uint8Array[];
}): Result<true> => {
  const { size1, size2, root1, root2, path } = proof;
  if (!isCount(size1) || !isCount(size2) || size1 < 1 || size1 > size2)
    return refuse('PROOF_INVALID', 'no such earlier tree');
  if (!areHashes([root1, root2]) || !areHashes(path)) return refuse('PROOF_INVALID', 'a hash is not 32 bytes');
  if (size1 === size2) {
    if (path.length > 0) return refuse('PROOF_INVALID', 'the path is too long');
    return equalBytes(root1, root2) ? ok(true) : refuse('PROOF_INVALID', 'two roots for one size');
  }

  let node = size1 - 1;
  let last = size2 - 1;
  while (node % 2 === 1) {
    node = half(node);
    last = half(last);
  }
  // A first tree that is a complete subtree is not repeated in the path: the verifier holds it as root1.
  const hashes = node === 0 ? [root1, ...path] : path;
  const [first, ...rest] = hashes;
  if (first === undefined) return refuse('PROOF_INVALID', 'the path is too short');
  let old = first;
  let now = first;
  for (const sibling of rest) {
    if (last === 0) return refuse('PROOF_INVALID', 'the path is too long');
    if (node % 2 === 1 || node === last) {
      old = nodeHash(sibling, old);
      now = nodeHash(sibling, now);
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      now = nodeHash(now, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) return refuse('PROOF_INVALID', 'the path is too short');
  if (!equalBytes(old, root1)) return refuse('PROOF_INVALID', 'the path does not lead to the first root');
  return equalBytes(now, root2) ? ok(true) : refuse('PROOF_INVALID', 'the path does not lead to the second root');
};
