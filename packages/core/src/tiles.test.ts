import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from './bytes.ts';
import { rootOf } from './merkle.ts';
import { leafHash } from './merkle-hash.ts';
import { utf8 } from './text.ts';
import { createTileWriter, type TileFile, verifyTileLog } from './tile-log.ts';
import { decodeEntries, encodeEntries, hashOfTile, hasTile, parseTilePath, tilePath, tilesOf } from './tiles.ts';

const entry = (i: number): Uint8Array => utf8(`entry ${i}`);
const entriesTo = (size: number): Uint8Array[] => Array.from({ length: size }, (_, i) => entry(i));
const filesOf = (size: number): TileFile[] => {
  const writer = createTileWriter();
  return [...entriesTo(size).flatMap(writer.add), ...writer.end()];
};

describe('paths', () => {
  it.each([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 1234067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 3, index: 5, width: 17 }, 'tile/3/005.p/17'],
    [{ level: 'entries' as const, index: 999, width: 1 }, 'tile/entries/999.p/1'],
    [{ level: 'entries' as const, index: 1000, width: 256 }, 'tile/entries/x001/000'],
    [{ level: 63, index: 0, width: 1 }, 'tile/63/000.p/1'],
  ])('%o is %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual({ ok: true, value: tile });
  });

  it.each([
    '',
    'tile/00/000',
    'tile/0/0',
    'tile/0/0000',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/64/000',
    'tile/-1/000',
    'tile/entries/000.p/',
    'tile/0/../../000',
    'tile/0/000/',
    '/tile/0/000',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/x999/x999/x999/x999/999.p/1\n',
  ])('%j is refused', (path) => {
    expect(parseTilePath(path)).toMatchObject({ ok: false, code: 'PATH_UNSAFE' });
  });

  it('have one spelling each', () => {
    const tile = fc.record({
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
      index: fc.integer({ min: 0, max: 10 ** 14 }),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(fc.property(tile, (one) => void expect(parseTilePath(tilePath(one))).toEqual({ ok: true, value: one })));
  });
});

describe('the tiles of a tree', () => {
  it('are those of the specification’s examples', () => {
    const count = (size: number) =>
      Map.groupBy(tilesOf(size), ({ level, width }) => `${level}${width === 256 ? '' : ` p${width}`}`);
    const of = (size: number) => Object.fromEntries([...count(size)].map(([kind, tiles]) => [kind, tiles.length]));
    expect(of(70_000)).toEqual({ entries: 273, 'entries p112': 1, 0: 273, '0 p112': 1, 1: 1, '1 p17': 1, '2 p1': 1 });
    expect(of(256)).toEqual({ entries: 1, 0: 1, '1 p1': 1 });
    expect(of(0)).toEqual({});
    expect(of(1)).toEqual({ 'entries p1': 1, '0 p1': 1 });
  });

  it('are all in it, and none is that is one entry wider', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 27 }), (size) => {
        let seen = 0;
        for (const tile of tilesOf(size)) {
          if (!hasTile(tile, size)) throw new Error(`${tilePath(tile)} of ${size}`);
          if (tile.width < 256 && hasTile({ ...tile, width: tile.width + 1 }, size)) throw new Error('too narrow');
          if (++seen === 5000) break;
        }
      }),
      { numRuns: 30 },
    );
    expect(() => [...tilesOf(-1)]).toThrow(RangeError);
  });

  it('are what a writer gives, entry by entry, with the root of the whole tree', () => {
    for (const size of [0, 1, 2, 3, 255, 256, 257, 511, 512, 700]) {
      const files = filesOf(size);
      expect(files.map(({ path }) => path).sort()).toEqual([...tilesOf(size)].map(tilePath).sort());
      const stored = new Map(files.map(({ path, bytes }) => [path, bytes]));
      const root = rootOf(entriesTo(size).map(leafHash));
      expect(verifyTileLog({ origin: 'o', size, root }, (path) => stored.get(path))).toEqual({
        ok: true,
        value: { entries: size, tiles: stored.size },
      });
    }
  });

  it('join: the first full tile is the first hash of the tile above', () => {
    const stored = new Map(filesOf(70_000).map(({ path, bytes }) => [path, bytes]));
    const hashes = (path: string) =>
      Array.from({ length: (stored.get(path)?.length ?? 0) / 32 }, (_, i) =>
        (stored.get(path) as Uint8Array).subarray(32 * i, 32 * i + 32),
      );
    expect(hashOfTile(hashes('tile/0/000'))).toEqual(hashes('tile/1/000')[0]);
    expect(hashOfTile(hashes('tile/0/272'))).toEqual(hashes('tile/1/001.p/17')[16]);
    expect(hashOfTile(hashes('tile/1/000'))).toEqual(hashes('tile/2/000.p/1')[0]);
    expect(() => hashOfTile(hashes('tile/1/001.p/17'))).toThrow(RangeError);
    expect(hashes('tile/0/x000/x000/000')).toEqual([]);
  });
});

describe('a static log', () => {
  const size = 300;
  const root = rootOf(entriesTo(size).map(leafHash));
  const sound = new Map(filesOf(size).map(({ path, bytes }) => [path, bytes]));
  const checked = (files: ReadonlyMap<string, Uint8Array>) =>
    verifyTileLog({ origin: 'o', size, root }, (path) => files.get(path));

  it.each([...sound.keys()])('does not hold without %s, nor with a byte of it changed', (path) => {
    const bytes = sound.get(path) as Uint8Array;
    const without = new Map(sound);
    without.delete(path);
    expect(checked(without)).toMatchObject({ ok: false, code: 'BUNDLE_FILE_MISSING', detail: path });
    for (const at of [0, 3, bytes.length - 1]) {
      const changed = new Map(sound).set(
        path,
        bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)),
      );
      expect(checked(changed)).toMatchObject({ ok: false });
    }
    expect(checked(new Map(sound).set(path, bytes.subarray(1)))).toMatchObject({ ok: false });
  });

  it('does not hold under another root, or with its tiles made to fit other entries', () => {
    expect(verifyTileLog({ origin: 'o', size, root: new Uint8Array(32) }, (path) => sound.get(path))).toMatchObject({
      code: 'ROOT_MISMATCH',
    });
    const writer = createTileWriter();
    const other = [...entriesTo(size).flatMap((one, i) => writer.add(i === 7 ? utf8('other') : one)), ...writer.end()];
    expect(checked(new Map(other.map(({ path, bytes }) => [path, bytes])))).toMatchObject({ code: 'ROOT_MISMATCH' });
  });
});

describe('entry bundles', () => {
  it('read back as they were written, and only whole', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(entries, (some) => {
        const bytes = encodeEntries(some);
        expect(decodeEntries(bytes, some.length)).toEqual({ ok: true, value: some });
        expect(decodeEntries(bytes, some.length + 1)).toMatchObject({ ok: false, code: 'PROOF_INVALID' });
        if (bytes.length > 0)
          expect(decodeEntries(bytes.subarray(0, -1), some.length)).toMatchObject({ ok: false, code: 'PROOF_INVALID' });
      }),
    );
  });

  it('hold an entry of 65,535 bytes and none longer', () => {
    const longest = new Uint8Array(65_535).fill(7);
    expect(encodeEntries([longest])).toEqual(concatBytes(Uint8Array.of(255, 255), longest));
    expect(decodeEntries(encodeEntries([longest]), 1)).toEqual({ ok: true, value: [longest] });
    expect(() => encodeEntries([new Uint8Array(65_536)])).toThrow(RangeError);
  });
});
