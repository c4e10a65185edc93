import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packDataOf, packManifestOf, writePackFiles } from '@orgo/adapter-compile-pack';
import { canonicalBytes, digestOf } from '@orgo/core';
import { defaultPackPolicy, type PackManifest, type PortablePolicy, packManifestPath } from '@orgo/kristal';
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

// Run as a program it prints the identity: another process, under another time zone, locale and memory limit.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.stdout.write(JSON.stringify(identityOf(fixtureExchange(Number(process.argv[2])))));
