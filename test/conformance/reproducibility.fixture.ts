import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packDataOf, packManifestOf, writePackFiles } from '@orgo/adapter-compile-pack';
import { canonicalBytes, digestOf } from '@orgo/core';
import {
  defaultPackPolicy,
  encodeTable,
  openTable,
  type PackManifest,
  type PortablePolicy,
  packManifestPath,
  packTables,
} from '@orgo/kristal';
import { writeLargeExchange } from '../long/large-exchange.ts';

/** A pack in memory: its manifest, its files and where a loader finds them. */
export type FixturePack = { manifest: PackManifest; files: Map<string, Uint8Array> };

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The stored bytes of an Exchange of so many statements, the same at any time and place. */
export function fixtureExchange(count: number): Uint8Array {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-repro-'));
  try {
    writeLargeExchange(path.join(folder, 'exchange.json'), count);
    return new Uint8Array(fs.readFileSync(path.join(folder, 'exchange.json')));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles the stored bytes of an Exchange. */
export function fixturePack(
  exchange: Uint8Array,
  policy: PortablePolicy = defaultPackPolicy,
  asOf = '2026-01-01T00:00:00.000Z',
): FixturePack {
  const data = packDataOf(exchange);
  if (!data.ok) throw new Error(`${data.code}: ${data.detail}`);
  const files = new Map<string, Uint8Array>();
  const listed = writePackFiles(data.value, policy, (name) => {
    const pieces: Uint8Array[] = [];
    return {
      write: (piece) => pieces.push(piece.slice()),
      end() {
        const bytes = new Uint8Array(Buffer.concat(pieces));
        files.set(name, bytes);
        return { sha256: sha256(bytes), size_bytes: bytes.length };
      },
    };
  });
  const none = digestOf('fixture');
  const manifest = packManifestOf({
    kristalId: data.value.kristalId,
    exchangeManifestRef: none,
    inputs: [none],
    policy,
    files: listed,
    asOf,
  });
  return { manifest, files };
}

/** Where a loader finds the files of a pack, manifest beside them. */
export const sourceOf = ({ manifest, files }: FixturePack) => ({
  readFile: async (name: string) => files.get(name),
  list: async () => [packManifestPath, ...files.keys()],
  manifest: canonicalBytes(manifest),
});

/** What must be equal everywhere: the ids and the hash of every file. */
export const identityOf = (exchange: Uint8Array) => {
  const { manifest } = fixturePack(exchange);
  return {
    kristal_id: `sha256:${manifest.exchange_ref.exchange_id}`,
    exchange_sha256: sha256(exchange),
    pack_id: manifest.runtime_pack_id,
    files: Object.fromEntries(manifest.files.map((file) => [file.path, file.sha256])),
  };
};

/** A table of more rows than one row group holds: where its groups begin and end, and the hash of its bytes. */
export async function severalGroups(): Promise<{ groups: [number, number][]; sha256: string }> {
  const column = (value: (i: number) => number) => Int32Array.from({ length: 250_000 }, (_, i) => value(i));
  const columns = {
    s: column((i) => i >> 3),
    p: column((i) => i & 7),
    o: column((i) => i % 977),
    stmt: column((i) => i),
  };
  const bytes = encodeTable(packTables.triples, columns);
  const table = await openTable(packTables.triples, bytes);
  return { groups: table.groups.map(({ start, rows }) => [start, rows]), sha256: sha256(bytes) };
}

// Run as a program it prints the identity, or with `groups` the large table's: another process, under another time zone, locale, memory limit and other threads.
const [, script, what] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href)
  process.stdout.write(
    JSON.stringify(what === 'groups' ? await severalGroups() : identityOf(fixtureExchange(Number(what)))),
  );
