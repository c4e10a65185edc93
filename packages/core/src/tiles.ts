import { concatBytes } from './bytes.ts';
import { nodeHash } from './merkle-hash.ts';
import { ok, type Result, refuse } from './result.ts';

/** Hashes in a full tile, and entries in a full bundle (C2SP tlog-tiles): eight levels of the tree. */
export const tileWidth = 256;
/** The most that the length prefix of an entry bundle can say. */
export const maxEntryBytes = 65_535;

/**
 * A tile: hashes `index·256` up to `index·256 + width` of tree level `8·level`. `entries` is the bundle of entries that the tile of level 0 hashes.
 * `width` is 256 for a full tile; a partial one holds 1 to 255.
 */
export type TileId = { level: number | 'entries'; index: number; width: number };

/** `1234067` is `x001/x234/067`. */
const indexPath = (index: number): string => {
  const digits = `${index}`;
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) as string[];
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
};

/**
 * Path of a tile below the log's prefix (C2SP tlog-tiles).
 * @example tilePath({ level: 0, index: 1234067, width: 8 }) // 'tile/0/x001/x234/067.p/8'
 */
export const tilePath = ({ level, index, width }: TileId): string =>
  `tile/${level}/${indexPath(index)}${width === tileWidth ? '' : `.p/${width}`}`;

const pathShape = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** Reads a tile's path; each tile has one spelling. Refuses with `PATH_UNSAFE`. */
export const parseTilePath = (path: string): Result<TileId> => {
  const [, level = '', digits = '', width] = pathShape.exec(path) ?? [];
  const tile: TileId = {
    level: level === 'entries' ? level : Number(level),
    index: Number(digits.replace(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  };
  const real = level !== '' && (tile.level === 'entries' || tile.level < 64) && Number.isSafeInteger(tile.index);
  // What is spelled otherwise, with leading zeros or the width of a full tile, is no tile.
  return real && tile.width <= tileWidth && tilePath(tile) === path ? ok(tile) : refuse('PATH_UNSAFE', 'no tile path');
};

/** How many hashes level `8·level` of a tree has that cover complete subtrees. */
const hashesAt = (level: number, size: number): number => Math.floor(size / 256 ** level);

/** Whether a tree of `size` entries has all of a tile. */
export const hasTile = ({ level, index, width }: TileId, size: number): boolean =>
  index * tileWidth + width <= hashesAt(level === 'entries' ? 0 : level, size);

/**
 * Every tile and bundle of a tree: the full ones, and at each level the partial one to their right. None of an empty tree.
 * @example [...tilesOf(70_000)].length // 273 + 1 of level 0, as many bundles, 1 + 1 of level 1, 1 of level 2
 */
export function* tilesOf(size: number): Generator<TileId> {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('not a tree size');
  const kinds: TileId['level'][] = ['entries'];
  for (let level = 0; hashesAt(level, size) > 0; level++) kinds.push(level);
  if (size === 0) return;
  for (const level of kinds) {
    const count = hashesAt(level === 'entries' ? 0 : level, size);
    for (let index = 0; index * tileWidth < count; index++)
      yield { level, index, width: Math.min(tileWidth, count - index * tileWidth) };
  }
}

/** Bytes of a tile: its hashes one after another. A RangeError for what is not 1 to 256 hashes. */
export const tileBytes = (hashes: readonly Uint8Array[]): Uint8Array => {
  if (hashes.length < 1 || hashes.length > tileWidth || !hashes.every(({ length }) => length === 32))
    throw new RangeError('a tile is 1 to 256 hashes of 32 bytes');
  return concatBytes(...hashes);
};

/** The hash that a full tile is in the tile above it. A RangeError for a partial one: it is in none. */
export const hashOfTile = (hashes: readonly Uint8Array[]): Uint8Array => {
  if (hashes.length !== tileWidth) throw new RangeError('only a full tile has a hash above');
  let level = hashes;
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      nodeHash(level[2 * i] as Uint8Array, level[2 * i + 1] as Uint8Array),
    );
  return level[0] as Uint8Array;
};

/**
 * Bytes of an entry bundle: each entry behind its length, 16 bits, big-endian. A RangeError for an entry over 65,535 bytes: the log refuses those
 * before they are sealed.
 */
export const encodeEntries = (entries: readonly Uint8Array[]): Uint8Array => {
  if (entries.length > tileWidth) throw new RangeError('a bundle has at most 256 entries');
  return concatBytes(
    ...entries.flatMap((entry) => {
      if (entry.length > maxEntryBytes) throw new RangeError('an entry is too long for a bundle');
      return [Uint8Array.of(entry.length >> 8, entry.length & 255), entry];
    }),
  );
};

/** Entries of a bundle of `width`. Refuses with `PROOF_INVALID` what is cut off, too long, or of another number. */
export const decodeEntries = (bytes: Uint8Array, width: number): Result<Uint8Array[]> => {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0));
    if (at + 2 > bytes.length || end > bytes.length) return refuse('PROOF_INVALID', 'the bundle is cut off');
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries.length === width ? ok(entries) : refuse('PROOF_INVALID', `${entries.length} entries, not ${width}`);
};
