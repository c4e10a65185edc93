import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  appendLeaves,
  consistencyPath,
  emptyFrontier,
  emptyRoot,
  fromBase64,
  fromHex,
  inclusionPath,
  leafHash,
  nodeHash,
  rootOf,
  toHex,
  utf8,
  verifyConsistency,
  verifyInclusion,
} from '@orgo/core';
import { describe, expect, it } from 'vitest';

const bytes = (hex: string): Uint8Array => {
  const result = fromHex(hex);
  if (!result.ok) throw new Error(result.detail);
  return result.value;
};

it('hashes as the RFC 6962 examples do', () => {
  expect(toHex(emptyRoot())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(toHex(leafHash(utf8('')))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  expect(toHex(leafHash(utf8('L123456')))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56');
  expect(toHex(nodeHash(utf8('N123'), utf8('N456')))).toBe(
    'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb',
  );
});

// The reference tree of Certificate Transparency: eight leaves, the root after each, and proofs it publishes.
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const a = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7';
const b = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e';
const c = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';
const d = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b';
const e = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0';
const f = '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a';
const g = 'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f';
const inclusion: [index: number, size: number, path: string[]][] = [
  [0, 1, []],
  [0, 8, [a, b, c]],
  [5, 8, [d, e, roots[3] as string]],
  [2, 3, [roots[1] as string]],
  [1, 5, [roots[0] as string, b, d]],
];
const consistency: [size1: number, size2: number, path: string[]][] = [
  [1, 1, []],
  [1, 8, [a, b, c]],
  [6, 8, [f, e, roots[3] as string]],
  [2, 5, [b, d]],
  [6, 7, [f, g, roots[3] as string]],
];

const hashes = leaves.map((leaf) => leafHash(bytes(leaf)));

/** The definition of RFC 6962 section 2.1 over another SHA-256 call, sharing no code with what it judges. */
const byDefinition = (entries: string[]): Buffer => {
  const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), Buffer.from(entries[0] as string, 'hex'));
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Buffer.of(1), byDefinition(entries.slice(0, k)), byDefinition(entries.slice(k)));
};

describe('the reference tree', () => {
  it.each(roots.map((root, i) => [i + 1, root] as const))('of %d leaves has its root', (size, root) => {
    expect(toHex(rootOf(hashes.slice(0, size)))).toBe(root);
    expect(byDefinition(leaves.slice(0, size)).toString('hex')).toBe(root);
    expect(toHex(appendLeaves(emptyFrontier(), hashes.slice(0, size)).root)).toBe(root);
  });

  it.each(inclusion)('proves leaf %d of %d', (index, size, path) => {
    expect(inclusionPath(hashes.slice(0, size), index).map(toHex)).toEqual(path);
    const root = bytes(roots[size - 1] as string);
    const leaf = hashes[index] as Uint8Array;
    expect(verifyInclusion({ index, size, leafHash: leaf, path: path.map(bytes), root }).ok).toBe(true);
  });

  it.each(consistency)('proves that %d leaves begin %d', (size1, size2, path) => {
    expect(consistencyPath(hashes.slice(0, size2), size1).map(toHex)).toEqual(path);
    const [root1, root2] = [bytes(roots[size1 - 1] as string), bytes(roots[size2 - 1] as string)];
    expect(verifyConsistency({ size1, size2, root1, root2, path: path.map(bytes) }).ok).toBe(true);
  });
});

describe('our golden vectors', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../../packages/core/vectors/merkle.json', import.meta.url), 'utf8'),
  ) as {
    leaves: string[];
    roots: string[];
    leaf_hashes: string[];
    inclusion: { index: number; size: number; path: string[] }[];
    consistency: { size1: number; size2: number; path: string[] }[];
  };

  it('are of the published tree', () => {
    expect(golden.leaves).toEqual(leaves);
    expect(golden.roots).toEqual(roots);
    expect(golden.leaf_hashes).toEqual(hashes.map(toHex));
    expect([golden.inclusion.length, golden.consistency.length]).toEqual([36, 36]);
  });

  it('hold every proof of it', () => {
    for (const { index, size, path } of golden.inclusion) {
      expect(inclusionPath(hashes.slice(0, size), index).map(toHex)).toEqual(path);
    }
    for (const { size1, size2, path } of golden.consistency) {
      expect(consistencyPath(hashes.slice(0, size2), size1).map(toHex)).toEqual(path);
    }
  });
});

type Case = {
  name: string;
  wantErr: boolean;
  proof: string[] | null;
  root: string | null;
  leafIdx: number;
  treeSize: number;
  leafHash: string | null;
  size1: number;
  size2: number;
  root1: string | null;
  root2: string | null;
};
const cases = JSON.parse(readFileSync(new URL('./merkle-cases/cases.json', import.meta.url), 'utf8')) as Case[];

describe('transparency-dev/merkle', () => {
  it('has 98 cases of each kind', () => {
    expect(cases.filter(({ name }) => name.startsWith('inclusion/'))).toHaveLength(98);
    expect(cases.filter(({ name }) => name.startsWith('consistency/'))).toHaveLength(98);
  });

  const decode = (base64: string | null): Uint8Array => {
    const result = fromBase64(base64 ?? '');
    if (!result.ok) throw new Error(result.detail);
    return result.value;
  };
  // Its roots are no hashes at all; we ask for 32 bytes even where nothing is left to compute.
  const stricter = 'sizes-are-equal-one-and-proof-is-empty';

  it.each(cases)('$name', ({ name, wantErr, proof, size1, size2, leafIdx: index, treeSize: size, ...hashes }) => {
    const path = (proof ?? []).map(decode);
    const result = name.startsWith('inclusion/')
      ? verifyInclusion({ index, size, leafHash: decode(hashes.leafHash), path, root: decode(hashes.root) })
      : verifyConsistency({ size1, size2, root1: decode(hashes.root1), root2: decode(hashes.root2), path });
    expect(result.ok).toBe(!wantErr && !name.endsWith(stricter));
    if (!result.ok) expect(result.code).toBe('PROOF_INVALID');
  });
});
