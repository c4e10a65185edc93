import { encodeEntries, hasTile, leafHash, parseTilePath, type TileId, tileBytes, tileWidth } from '@orgo/core';
import { Breach, Refused } from '@orgo/runtime/errors';
import { readLeaf } from './leaves.ts';
import type { Reads } from './reads.ts';

/** The stored tree has the levels of tiles among its own: a hash of tile level L is the node of level 8·L. */
const nodeLevels = 8;

async function entriesOf(reads: Reads, tenant: string, { index, width }: TileId): Promise<Uint8Array[]> {
  const from = index * tileWidth;
  const rows = await reads.leavesFrom(tenant, from, width);
  const gap = rows.findIndex((row, at) => Number(row.idx) !== from + at);
  if (rows.length < width || gap >= 0)
    throw new Breach('LOG_GAP_DETECTED', `tenant ${tenant} has no entry ${from + (gap < 0 ? rows.length : gap)}`);
  // Read back and hashed again: a tile never says another hash than its bundle gives.
  return rows.map((row) => readLeaf(tenant, row).bytes);
}

async function hashesOf(reads: Reads, tenant: string, tile: TileId, level: number): Promise<Uint8Array[]> {
  const from = tile.index * tileWidth;
  const nodes = await reads.nodesOver(tenant, nodeLevels * level, from, from + tile.width);
  if (nodes.length < tile.width)
    throw new Breach(
      'LOG_GAP_DETECTED',
      `tenant ${tenant} lacks inner hashes of level ${nodeLevels * level} from ${from}`,
    );
  return nodes.map(({ hash }) => hash);
}

/**
 * A tile or entry bundle of a tenant's log, by its path, out of what is stored: entries and leaf hashes are hashed again, upper hashes are those of
 * the log's tree, which a reader holds against a checkpoint. Partial ones are given for any size up to the newest checkpoint's.
 * @throws Refused PATH_UNSAFE (no tile path), LOG_ENTRY_NOT_FOUND (the log is not that long); Breach LEAF_HASH_MISMATCH, LOG_GAP_DETECTED
 */
export async function readTile({ reads }: { reads: Reads }, tenant: string, path: string): Promise<Uint8Array> {
  const tile = parseTilePath(path);
  if (!tile.ok) throw Refused.from(tile);
  const size = (await reads.newest(tenant))?.size ?? 0;
  if (!hasTile(tile.value, size)) throw new Refused('LOG_ENTRY_NOT_FOUND', `the log has ${size} entries`);
  const { level } = tile.value;
  if (level === 'entries') return encodeEntries(await entriesOf(reads, tenant, tile.value));
  return level === 0
    ? tileBytes((await entriesOf(reads, tenant, tile.value)).map(leafHash))
    : tileBytes(await hashesOf(reads, tenant, tile.value, level));
}
