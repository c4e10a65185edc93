import { fromHex, toHex } from './hex.ts';
import { emptyRoot, nodeHash } from './merkle-hash.ts';

/**
 * Compact range of a growing log: the roots of its complete subtrees, left to right (one per bit set in `size`, the
 * largest first), as 64 hex digits each. It is all an appender must keep.
 */
export type Frontier = { size: number; hashes: string[] };

/** What appending gave: the next frontier, its root, and the inclusion path of each new leaf in the new tree. */
export type Appended = { frontier: Frontier; root: Uint8Array; paths: Uint8Array[][] };

const half = (n: number): number => Math.floor(n / 2);

/** Frontier of the empty log. */
export const emptyFrontier = (): Frontier => ({ size: 0, hashes: [] });

const subtreesOf = (frontier: Frontier): Uint8Array[] => {
  let bits = 0;
  for (let rest = frontier.size; rest > 0; rest = half(rest)) bits += rest % 2;
  const subtrees = frontier.hashes.map((hash) => {
    const bytes = fromHex(hash);
    if (!bytes.ok || bytes.value.length !== 32) throw new RangeError('a frontier holds 64 hex digits per subtree');
    return bytes.value;
  });
  if (bits !== subtrees.length) throw new RangeError('the frontier does not fit its size');
  return subtrees;
};

/** Root of the log. A RangeError when the frontier's hashes do not fit its size: the caller's stored state is damaged. */
export const frontierRoot = (frontier: Frontier): Uint8Array =>
  subtreesOf(frontier).reduceRight<Uint8Array | undefined>(
    (right, left) => (right === undefined ? left : nodeHash(left, right)),
    undefined,
  ) ?? emptyRoot();

/** The known nodes of one level: those above new leaves, and the old subtree to their left where it is a sibling. */
type Strip = { start: number; nodes: Uint8Array[] };

/** Nodes of every level from the new leaves to the root; `old` is consumed from its smallest subtree up. */
const stripsOf = (size: number, old: Uint8Array[], leafHashes: readonly Uint8Array[]): Strip[] => {
  const strips: Strip[] = [];
  let start = size;
  let width = size + leafHashes.length;
  let nodes = leafHashes.slice();
  for (;;) {
    if (start % 2 === 1) {
      nodes.unshift(old.pop() as Uint8Array);
      start--;
    }
    strips.push({ start, nodes });
    if (width === 1) return strips;
    const above: Uint8Array[] = [];
    for (let i = 0; i + 1 < nodes.length; i += 2)
      above.push(nodeHash(nodes[i] as Uint8Array, nodes[i + 1] as Uint8Array));
    if (nodes.length % 2 === 1) above.push(nodes[nodes.length - 1] as Uint8Array);
    start = half(start);
    width = Math.ceil(width / 2);
    nodes = above;
  }
};

const pathOf = (strips: readonly Strip[], leaf: number): Uint8Array[] => {
  const path: Uint8Array[] = [];
  let at = leaf;
  for (const { start, nodes } of strips) {
    const sibling = nodes[(at % 2 === 0 ? at + 1 : at - 1) - start];
    if (sibling !== undefined) path.push(sibling);
    at = half(at);
  }
  return path;
};

const frontierOf = (strips: readonly Strip[], size: number): Frontier => {
  const hashes: string[] = [];
  let width = size;
  for (const { start, nodes } of strips) {
    if (width % 2 === 1) hashes.unshift(toHex(nodes[width - 1 - start] as Uint8Array));
    width = half(width);
  }
  return { size, hashes };
};

/**
 * Appends leaf hashes to a log known only by its frontier: O(new leaves + log size) hashes, no old leaf is read.
 * A RangeError when the frontier's hashes do not fit its size or a leaf hash is not 32 bytes.
 */
export const appendLeaves = (frontier: Frontier, leafHashes: readonly Uint8Array[]): Appended => {
  if (leafHashes.length === 0) return { frontier, root: frontierRoot(frontier), paths: [] };
  if (!leafHashes.every((hash) => hash.length === 32)) throw new RangeError('a leaf hash is 32 bytes');
  const size = frontier.size + leafHashes.length;
  const strips = stripsOf(frontier.size, subtreesOf(frontier), leafHashes);
  return {
    frontier: frontierOf(strips, size),
    root: (strips.at(-1) as Strip).nodes[0] as Uint8Array,
    paths: leafHashes.map((_, i) => pathOf(strips, frontier.size + i)),
  };
};
