import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from './bytes.ts';
import { toHex } from './hex.ts';
import { consistencyPath, inclusionPath, rootOf } from './merkle.ts';
import { emptyRoot, leafHash, nodeHash } from './merkle-hash.ts';
import { rootFromPath, verifyConsistency, verifyInclusion } from './merkle-verify.ts';
import { sha256 } from './sha256.noble.ts';
import { utf8 } from './text.ts';

const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => leafHash(utf8(`leaf ${i}`)));

/** The definition of RFC 9162 section 2.1.1, word by word. */
const byDefinition = (leaves: readonly Uint8Array[]): Uint8Array => {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(concatBytes(new Uint8Array([1]), byDefinition(leaves.slice(0, k)), byDefinition(leaves.slice(k))));
};

/** A size, an index in it and an earlier size. */
const tree = fc
  .integer({ min: 1, max: 70 })
  .chain((size) =>
    fc.record({ size: fc.constant(size), index: fc.nat(size - 1), size1: fc.integer({ min: 1, max: size }) }),
  );

const refusal = { ok: false, code: 'PROOF_INVALID' };

it('hashes leaves and nodes under different prefixes', () => {
  expect(leafHash(utf8('x'))).toEqual(sha256(concatBytes(new Uint8Array([0]), utf8('x'))));
  const [a, b] = leavesOf(2) as [Uint8Array, Uint8Array];
  expect(nodeHash(a, b)).toEqual(sha256(concatBytes(new Uint8Array([1]), a, b)));
  expect(nodeHash(utf8('ab'), utf8('c'))).toEqual(sha256(concatBytes(new Uint8Array([1]), utf8('abc'))));
  expect(nodeHash(a, b)).toEqual(rootOf([a, b]));
  expect(rootOf([])).toEqual(emptyRoot());
});

it('computes the root of the definition', () => {
  for (let size = 0; size <= 70; size++) expect(rootOf(leavesOf(size))).toEqual(byDefinition(leavesOf(size)));
});

it('proves every leaf of every small tree, and every earlier tree', () => {
  for (let size = 1; size <= 24; size++) {
    const leaves = leavesOf(size);
    const root = rootOf(leaves);
    for (let i = 0; i < size; i++) {
      const path = inclusionPath(leaves, i);
      const leaf = leaves[i] as Uint8Array;
      expect(verifyInclusion({ index: i, size, leafHash: leaf, path, root })).toEqual({ ok: true, value: true });
      expect(rootFromPath({ index: i, size, leafHash: leaf, path })).toEqual({ ok: true, value: root });
      const earlier = { size1: i + 1, root1: rootOf(leaves.slice(0, i + 1)), path: consistencyPath(leaves, i + 1) };
      expect(verifyConsistency({ ...earlier, size2: size, root2: root })).toEqual({ ok: true, value: true });
    }
  }
});

const flipped = (hash: Uint8Array, bit: number): Uint8Array =>
  hash.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe('a damaged inclusion proof is refused', () => {
  const proofOf = ({ size, index }: { size: number; index: number }) => {
    const leaves = leavesOf(size);
    return {
      index,
      size,
      leafHash: leaves[index] as Uint8Array,
      path: inclusionPath(leaves, index),
      root: rootOf(leaves),
    };
  };

  it('with any bit changed, a hash too many or too few', () => {
    fc.assert(
      fc.property(tree, fc.nat(255), fc.nat(9), (at, bit, place) => {
        const proof = proofOf(at);
        const path = proof.path;
        const swapped = path.map((hash, i) => (i === place % path.length ? flipped(hash, bit) : hash));
        if (path.length > 0) {
          expect(verifyInclusion({ ...proof, path: swapped })).toMatchObject(refusal);
          expect(verifyInclusion({ ...proof, path: path.slice(1) })).toMatchObject(refusal);
          expect(verifyInclusion({ ...proof, path: path.slice(0, -1) })).toMatchObject(refusal);
        }
        expect(verifyInclusion({ ...proof, leafHash: flipped(proof.leafHash, bit) })).toMatchObject(refusal);
        expect(verifyInclusion({ ...proof, root: flipped(proof.root, bit) })).toMatchObject(refusal);
        expect(verifyInclusion({ ...proof, path: [...path, proof.root] })).toMatchObject(refusal);
        expect(verifyInclusion({ ...proof, path: [proof.root, ...path] })).toMatchObject(refusal);
      }),
    );
  });

  it('for every other leaf of the tree', () => {
    const proof = proofOf({ size: 11, index: 6 });
    for (let index = -1; index <= 12; index++) {
      if (index !== 6) expect(verifyInclusion({ ...proof, index })).toMatchObject(refusal);
    }
  });

  it.each([
    [{ size: 0, index: 0 }],
    [{ index: 6.5 }],
    [{ size: 2 ** 53 }],
    [{ size: Number.NaN }],
    [{ index: Number.NaN }],
    [{ size: 5 }],
    [{ size: 22 }],
    [{ leafHash: new Uint8Array(31) }],
    [{ root: new Uint8Array() }],
    [{ path: [new Uint8Array(33)] }],
  ])('with %j', (change) => {
    expect(verifyInclusion({ ...proofOf({ size: 11, index: 6 }), ...change })).toMatchObject(refusal);
  });

  it('by the root instead of a leaf, in a tree of one', () => {
    expect(verifyInclusion({ ...proofOf({ size: 1, index: 0 }), path: [emptyRoot()] })).toMatchObject(refusal);
  });

  it('is checked beyond 32 bits', () => {
    const size = 2 ** 40 + 1;
    const leaf = leavesOf(1)[0] as Uint8Array;
    const left = emptyRoot();
    // The last leaf of such a tree hangs directly under the root.
    const proof = { index: size - 1, size, leafHash: leaf, path: [left], root: nodeHash(left, leaf) };
    expect(verifyInclusion(proof).ok).toBe(true);
    expect(verifyInclusion({ ...proof, index: size - 2 ** 32 - 1 })).toMatchObject(refusal);
    expect(verifyInclusion({ ...proof, size: 2 })).toEqual(refusalOf('index is outside the tree'));
  });
});

const refusalOf = (detail: string) => ({ ok: false, code: 'PROOF_INVALID', detail });

describe('a damaged consistency proof is refused', () => {
  const proofOf = ({ size1, size }: { size1: number; size: number }) => {
    const leaves = leavesOf(size);
    return {
      size1,
      size2: size,
      root1: rootOf(leaves.slice(0, size1)),
      root2: rootOf(leaves),
      path: consistencyPath(leaves, size1),
    };
  };

  it('with any bit changed, a hash too many or too few, roots swapped', () => {
    fc.assert(
      fc.property(tree, fc.nat(255), fc.nat(9), (at, bit, place) => {
        const proof = proofOf(at);
        const { path } = proof;
        const swapped = path.map((hash, i) => (i === place % path.length ? flipped(hash, bit) : hash));
        if (path.length > 0) {
          expect(verifyConsistency({ ...proof, path: swapped })).toMatchObject(refusal);
          expect(verifyConsistency({ ...proof, path: path.slice(1) })).toMatchObject(refusal);
          expect(verifyConsistency({ ...proof, path: path.slice(0, -1) })).toMatchObject(refusal);
          expect(verifyConsistency({ ...proof, root1: proof.root2, root2: proof.root1 })).toMatchObject(refusal);
        }
        expect(verifyConsistency({ ...proof, root1: flipped(proof.root1, bit) })).toMatchObject(refusal);
        expect(verifyConsistency({ ...proof, root2: flipped(proof.root2, bit) })).toMatchObject(refusal);
        expect(verifyConsistency({ ...proof, path: [...path, proof.root2] })).toMatchObject(refusal);
        expect(verifyConsistency({ ...proof, path: [proof.root1, ...path] })).toMatchObject(refusal);
      }),
    );
  });

  it('for a log that rewrote one of its first leaves', () => {
    for (let size1 = 1; size1 < 12; size1++) {
      const before = leavesOf(size1);
      for (let i = 0; i < size1; i++) {
        const after = leavesOf(12);
        after[i] = leafHash(utf8('rewritten'));
        const proof = { size1, size2: 12, root1: rootOf(before), root2: rootOf(after) };
        expect(verifyConsistency({ ...proof, path: consistencyPath(after, size1) })).toMatchObject(refusal);
      }
    }
  });

  it.each([
    [{ size1: 0, root1: emptyRoot(), path: [] }],
    [{ size1: 0, size2: 0, root1: emptyRoot(), root2: emptyRoot(), path: [] }],
    [{ size1: 12 }],
    [{ size1: 5 }],
    [{ size2: 17 }],
    [{ size1: 6.5 }],
    [{ size2: 2 ** 53 }],
    [{ path: [] }],
    [{ root1: new Uint8Array(31) }],
    [{ root2: new Uint8Array() }],
    [{ path: [new Uint8Array()] }],
  ])('with %j', (change) => {
    expect(verifyConsistency({ ...proofOf({ size: 11, size1: 6 }), ...change })).toMatchObject(refusal);
  });
});

describe('misuse throws', () => {
  it.each([-1, 3, 0.5, Number.NaN])('a path of leaf %d of 3', (index) => {
    expect(() => inclusionPath(leavesOf(3), index)).toThrow(RangeError);
  });
  it.each([0, 4, 1.5])('a path from size %d to 3', (size1) => {
    expect(() => consistencyPath(leavesOf(3), size1)).toThrow(RangeError);
  });
  it('a leaf hash that is none', () => expect(() => rootOf([new Uint8Array(31)])).toThrow(RangeError));
});

it('leaves its input alone', () => {
  const leaves = leavesOf(7);
  rootOf(leaves);
  inclusionPath(leaves, 3);
  expect(leaves.map(toHex)).toEqual(leavesOf(7).map(toHex));
});
