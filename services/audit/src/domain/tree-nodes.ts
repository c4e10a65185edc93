import { type Frontier, fromHex, nodeHash } from '@orgo/core';
import { type NodeId, nodeKey } from './proof.ts';

/** Of the inner nodes, those on every fourth level are stored: one row per fifteen leaves, and fewer than nine reads for any other node. */
const storedLevels = 4;

export type TreeNode = NodeId & { hash: Uint8Array };

/** The stored nodes that a complete subtree is made of, left to right; itself when it is stored. Leaf hashes count as stored. */
export function storedParts({ level, index }: NodeId): NodeId[] {
  const down = level % storedLevels;
  return Array.from({ length: 2 ** down }, (_, i) => ({ level: level - down, index: index * 2 ** down + i }));
}

/** Hash of a complete subtree from the hashes of its `storedParts`, keyed by `nodeKey`. A RangeError where one is missing. */
export function hashFromParts(node: NodeId, stored: ReadonlyMap<string, Uint8Array>): Uint8Array {
  let level = storedParts(node).map((part) => {
    const hash = stored.get(nodeKey(part));
    if (hash === undefined) throw new RangeError(`no hash of node ${nodeKey(part)}`);
    return hash;
  });
  while (level.length > 1)
    level = level.filter((_, i) => i % 2 === 0).map((left, i) => nodeHash(left, level[2 * i + 1] as Uint8Array));
  return level[0] as Uint8Array;
}

/** The nodes to store that appending leaves to a log completes: each once in the life of the log, and never another hash. */
export function completedNodes(before: Frontier, leafHashes: readonly Uint8Array[]): TreeNode[] {
  const open = subtreesOf(before);
  const completed: TreeNode[] = [];
  for (const [i, leaf] of leafHashes.entries()) {
    let right: TreeNode = { level: 0, index: before.size + i, hash: leaf };
    for (let left = open.at(-1); left?.level === right.level; left = open.at(-1)) {
      open.pop();
      right = { level: right.level + 1, index: left.index / 2, hash: nodeHash(left.hash, right.hash) };
      if (right.level % storedLevels === 0) completed.push(right);
    }
    open.push(right);
  }
  return completed;
}

/** The complete subtrees of a frontier, the largest first. A RangeError for a hash that is none. */
function subtreesOf({ size, hashes }: Frontier): TreeNode[] {
  const subtrees: TreeNode[] = [];
  let covered = 0;
  for (const hex of hashes) {
    const level = Math.floor(Math.log2(size - covered));
    const hash = fromHex(hex);
    if (!hash.ok) throw new RangeError(hash.detail);
    subtrees.push({ level, index: covered / 2 ** level, hash: hash.value });
    covered += 2 ** level;
  }
  return subtrees;
}
