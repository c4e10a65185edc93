import { equalBytes } from './bytes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { appendLeaves, emptyFrontier, type Frontier, frontierRoot } from './frontier.ts';
import { leafHash } from './merkle-hash.ts';
import { ok, type Result, refuse } from './result.ts';
import {
  decodeEntries,
  encodeEntries,
  hashOfTile,
  type TileId,
  tileBytes,
  tilePath,
  tilesOf,
  tileWidth,
} from './tiles.ts';

/** A file of a static log: path below its folder, and bytes. */
export type TileFile = { path: string; bytes: Uint8Array };

/** Turns entries, in order, into the files of a static log. It keeps one open tile per level, whatever the log's size. */
export type TileWriter = {
  /** Files that this entry completes: the bundle, its tile, and full tiles above. */
  add(entry: Uint8Array): TileFile[];
  /** The partial files to the right; afterwards nothing more is added. */
  end(): TileFile[];
  size(): number;
  /** RFC 6962 root of what was added. */
  root(): Uint8Array;
};

/** A writer of the tiles of an empty log. */
export function createTileWriter(): TileWriter {
  const open: { index: number; hashes: Uint8Array[] }[] = [];
  let entries: Uint8Array[] = [];
  let frontier: Frontier = emptyFrontier();
  const file = (tile: TileId, bytes: Uint8Array): TileFile => ({ path: tilePath(tile), bytes });
  const bundle = (): TileFile =>
    file({ level: 'entries', index: open[0]?.index ?? 0, width: entries.length }, encodeEntries(entries));

  const put = (level: number, hash: Uint8Array): TileFile[] => {
    open[level] ??= { index: 0, hashes: [] };
    const tile = open[level];
    tile.hashes.push(hash);
    if (tile.hashes.length < tileWidth) return [];
    const { index, hashes } = tile;
    open[level] = { index: index + 1, hashes: [] };
    return [file({ level, index, width: tileWidth }, tileBytes(hashes)), ...put(level + 1, hashOfTile(hashes))];
  };
  return {
    add(entry) {
      const hash = leafHash(entry);
      entries.push(entry);
      frontier = appendLeaves(frontier, [hash]).frontier;
      if (entries.length < tileWidth) return put(0, hash);
      const whole = bundle();
      entries = [];
      return [whole, ...put(0, hash)];
    },
    end: () => [
      ...(entries.length === 0 ? [] : [bundle()]),
      ...open.flatMap(({ index, hashes }, level) =>
        hashes.length === 0 ? [] : [file({ level, index, width: hashes.length }, tileBytes(hashes))],
      ),
    ],
    size: () => frontier.size,
    root: () => frontierRoot(frontier),
  };
}

/**
 * Checks the files of a static log against a checkpoint that was verified before: every bundle hashes to its tile, every tile to the one above, and the
 * entries to the signed root. Refuses with `BUNDLE_FILE_MISSING` (one that the size demands), `PROOF_INVALID` (a tile or bundle that does not
 * follow), `ROOT_MISMATCH`; the detail names the file.
 */
export function verifyTileLog(
  { size, root }: Checkpoint,
  read: (path: string) => Uint8Array | undefined,
): Result<{ entries: number; tiles: number }> {
  const made = createTileWriter();
  let tiles = 0;
  const compare = (files: readonly TileFile[]): Result<true> => {
    for (const { path, bytes } of files) {
      tiles++;
      const stored = read(path);
      if (stored === undefined) return refuse('BUNDLE_FILE_MISSING', path);
      if (!equalBytes(stored, bytes)) return refuse('PROOF_INVALID', `${path} does not follow from the entries`);
    }
    return ok(true);
  };
  for (const tile of tilesOf(size)) {
    if (tile.level !== 'entries') continue;
    const path = tilePath(tile);
    const bytes = read(path);
    if (bytes === undefined) return refuse('BUNDLE_FILE_MISSING', path);
    const entries = decodeEntries(bytes, tile.width);
    if (!entries.ok) return refuse(entries.code, `${path}: ${entries.detail}`);
    for (const entry of entries.value) {
      const same = compare(made.add(entry));
      if (!same.ok) return same;
    }
  }
  const rest = compare(made.end());
  if (!rest.ok) return rest;
  return equalBytes(made.root(), root)
    ? ok({ entries: size, tiles })
    : refuse('ROOT_MISMATCH', `the entries do not give the root that was signed for ${size}`);
}
