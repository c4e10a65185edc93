import { rootFromPath } from '@orgo/core';
import { Breach } from '@orgo/runtime/errors';
import type { Queryable } from '@orgo/store/db';
import { textArray } from '@orgo/store/text-array';
import {
  consistencyFromNodes,
  hashFromParts,
  type NodeId,
  nodeKey,
  nodesOfConsistency,
  nodesOfPath,
  pathFromNodes,
  storedParts,
} from './domain/index.ts';

// Arrays are cast and not their members: reading a text into a number may say what it read, so behind a row policy it would not be asked of an index.
const nodesText = `SELECT n.level::int AS level, n.idx, n.hash FROM unnest($2::text[]::smallint[], $3::text[]::bigint[]) AS x(l, i)
JOIN log_node n ON n.tenant_id = $1 AND n.level = l AND n.idx = i`;
const leavesText = `SELECT 0 AS level, n.idx, n.leaf_hash AS hash FROM unnest($2::text[]::bigint[]) AS x(i)
JOIN log_leaf n ON n.tenant_id = $1 AND n.idx = i`;

type Row = { level: number; idx: string; hash: Uint8Array };

/** Hashes of complete subtrees, by `nodeKey`. @throws Breach LOG_GAP_DETECTED where a stored one is missing */
async function nodeHashes(db: Queryable, tenant: string, nodes: readonly NodeId[]): Promise<Map<string, Uint8Array>> {
  const wanted = new Map(nodes.flatMap((node) => storedParts(node)).map((part) => [nodeKey(part), part]));
  const inner = [...wanted.values()].filter(({ level }) => level > 0);
  const leaves = [...wanted.values()].filter(({ level }) => level === 0);
  const [found, hashes] = await Promise.all([
    db.query<Row>({ name: 'log_nodes', text: nodesText }, [
      tenant,
      textArray(inner.map(({ level }) => `${level}`)),
      textArray(inner.map(({ index }) => `${index}`)),
    ]),
    db.query<Row>({ name: 'log_leaf_hashes', text: leavesText }, [
      tenant,
      textArray(leaves.map(({ index }) => `${index}`)),
    ]),
  ]);
  const stored = new Map([...found.rows, ...hashes.rows].map((row) => [`${row.level}/${row.idx}`, row.hash]));
  const missing = [...wanted.keys()].find((key) => !stored.has(key));
  if (missing !== undefined) throw new Breach('LOG_GAP_DETECTED', `tenant ${tenant} has no node ${missing}`);
  return new Map(nodes.map((node) => [nodeKey(node), hashFromParts(node, stored)]));
}

/** Inclusion paths of entries in the tree of the first `size`: a few hundred rows at most, whatever the log's size. */
export async function pathsOf(
  db: Queryable,
  tenant: string,
  indexes: readonly number[],
  size: number,
): Promise<Uint8Array[][]> {
  const nodes = new Map(indexes.flatMap((index) => nodesOfPath(index, size)).map((node) => [nodeKey(node), node]));
  const hashes = await nodeHashes(db, tenant, [...nodes.values()]);
  return indexes.map((index) => pathFromNodes(index, size, hashes));
}

/** Root of the first `size` entries as they are stored. @throws Breach LOG_GAP_DETECTED where the log is shorter */
export async function storedRoot(db: Queryable, tenant: string, size: number): Promise<Uint8Array> {
  const last = { level: 0, index: size - 1 };
  const hashes = await nodeHashes(db, tenant, [last, ...nodesOfPath(size - 1, size)]);
  const leafHash = hashes.get(nodeKey(last)) as Uint8Array;
  const root = rootFromPath({ index: size - 1, size, leafHash, path: pathFromNodes(size - 1, size, hashes) });
  if (!root.ok) throw new Breach(root.code, root.detail);
  return root.value;
}

/** Consistency path from the first `size1` entries to the first `size2`, as they are stored. @throws Breach LOG_GAP_DETECTED */
export async function consistencyOf(
  db: Queryable,
  tenant: string,
  size1: number,
  size2: number,
): Promise<Uint8Array[]> {
  const nodes = nodesOfConsistency(size1, size2);
  return consistencyFromNodes(size1, size2, nodes.length === 0 ? new Map() : await nodeHashes(db, tenant, nodes));
}
