import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type PackSink, packDataOf, packManifestOf, writePackFiles } from '@orgo/adapter-compile-pack';
import { canonicalBytes, digestOf } from '@orgo/core';
import { openPackFolder } from '@orgo/konnaxion-node';
import {
  checkPackIndexes,
  defaultPackPolicy,
  type Pack,
  type PackManifest,
  type PackPage,
  type PackQuery,
  packManifestPath,
  queryPack,
} from '@orgo/kristal';
import fc from 'fast-check';
import { type NumberTriple, objectOf, tripleAt } from './large-exchange.ts';

/** Compiles the Exchange of a file into a pack folder; files are written as they come. Answers the manifest. */
export function compileLarge(exchangeFile: string, folder: string): PackManifest {
  const data = packDataOf(fs.readFileSync(exchangeFile));
  if (!data.ok) throw new Error(`${data.code}: ${data.detail}`);
  const none = digestOf('large');
  const manifest = packManifestOf({
    kristalId: data.value.kristalId,
    exchangeManifestRef: none,
    inputs: [none],
    policy: defaultPackPolicy,
    files: writePackFiles(data.value, defaultPackPolicy, folderSink(folder)),
    asOf: '2026-01-01T00:00:00.000Z',
  });
  fs.writeFileSync(path.join(folder, packManifestPath), canonicalBytes(manifest));
  return manifest;
}

function folderSink(folder: string): PackSink {
  return (name) => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const out = fs.openSync(file, 'w');
    const hash: Hash = createHash('sha256');
    let size_bytes = 0;
    return {
      write(piece) {
        fs.writeSync(out, piece);
        hash.update(piece);
        size_bytes += piece.length;
      },
      end() {
        fs.closeSync(out);
        return { sha256: hash.digest('hex'), size_bytes };
      },
    };
  };
}

/** Opens a pack folder, every byte verified. */
export async function openLarge(folder: string): Promise<Pack> {
  const manifest: PackManifest = JSON.parse(fs.readFileSync(path.join(folder, packManifestPath), 'utf8'));
  const opened = await openPackFolder(folder, manifest.runtime_pack_id);
  if (!opened.ok) throw new Error(`${opened.code}: ${opened.detail}`);
  return opened.value.pack;
}

/** Holds the indexes against the tables. */
export async function checkLarge(pack: Pack): Promise<void> {
  const checked = await checkPackIndexes(pack);
  if (!checked.ok) throw new Error(`${checked.code}: ${checked.detail}`);
}

/** Patterns that find nothing, one row, and many; which, the seed decides. */
export function patternsOf(count: number, seed: number, runs: number): Partial<NumberTriple>[] {
  const triple = fc.nat(count - 1).map((i) => tripleAt(i, count));
  const strange = fc.record({ s: fc.nat(count), p: fc.nat(120), o: fc.integer({ min: -2 * count, max: count }) });
  const whole = fc.oneof({ weight: 5, arbitrary: triple }, strange);
  const mask = fc.integer({ min: 1, max: 7 });
  const pattern = fc.tuple(whole, mask).map(([{ s, p, o }, bits]) => ({
    ...(bits & 1 ? { s: Math.max(1, s) } : {}),
    ...(bits & 2 ? { p: Math.max(1, p) } : {}),
    ...(bits & 4 && o !== 0 ? { o } : {}),
  }));
  return fc.sample(pattern, { seed, numRuns: runs });
}

export const queryOf = ({ s, p, o }: Partial<NumberTriple>): PackQuery => ({
  ...(s === undefined ? {} : { s: `Q${s}` }),
  ...(p === undefined ? {} : { p: `P${p}` }),
  ...(o === undefined ? {} : { o: objectOf(o) }),
});

/**
 * Asks for each pattern's first page and compares it with the formula: how many rows match, that each row of the page is one of them and none is
 * there twice, and the order. Answers how long each question took, in milliseconds.
 */
export async function askLarge(
  pack: Pack,
  count: number,
  patterns: readonly Partial<NumberTriple>[],
): Promise<number[]> {
  const all = Array.from({ length: count }, (_, i) => tripleAt(i, count));
  const times: number[] = [];
  for (const pattern of patterns) {
    const started = performance.now();
    const page = await queryPack(pack, { ...queryOf(pattern), limit: 1000 });
    times.push(performance.now() - started);
    if (!page.ok) throw new Error(`${page.code}: ${page.detail}`);
    const matches = ({ s, p, o }: NumberTriple) =>
      (pattern.s ?? s) === s && (pattern.p ?? p) === p && (pattern.o ?? o) === o;
    let expected = 0;
    for (const triple of all) if (matches(triple)) expected++;
    checkPage(page.value, expected, matches, JSON.stringify(pattern));
  }
  return times;
}

function checkPage(page: PackPage, expected: number, matches: (triple: NumberTriple) => boolean, asked: string): void {
  const fail = (what: string): never => {
    throw new Error(`${asked}: ${what}`);
  };
  if (page.cardinality?.value !== expected) fail(`${page.cardinality?.value} rows, by the formula ${expected}`);
  if (page.results.length !== Math.min(1000, expected)) fail(`a page of ${page.results.length}`);
  const seen = new Set(page.results.map((row) => row.statement_id));
  if (seen.size !== page.results.length) fail('a row twice');
  for (const [i, { row, subject, property, object }] of page.results.entries()) {
    if (i > 0 && row <= (page.results[i - 1]?.row as number)) fail('rows out of order');
    const o =
      object.type === 'item'
        ? numberIn((object as { id: string }).id)
        : -1 - (object.value as { amount: number }).amount;
    if (!matches({ s: numberIn(subject.id), p: numberIn(property.id), o })) fail(`row ${row} does not match`);
  }
}

const numberIn = (id: string): number => Number(id.slice(1));
