import fs from 'node:fs/promises';
import path from 'node:path';
import type { Disk } from './disk.ts';

const isMetadata = (name: string): boolean => name.endsWith('.json');

/** Trusted metadata by file name, in memory while a client works on it. */
export type MetadataFiles = Map<string, Buffer>;

/**
 * Lets a TUF client work on the trusted metadata in memory, and keeps what it trusts at the end, whether it liked what it found or not. The client
 * as it comes writes in place; a torn file would lose what refuses older metadata, or the root itself.
 */
export async function onTrustedMetadata<T>(
  tuf: string,
  disk: Disk,
  run: (files: MetadataFiles) => Promise<T>,
): Promise<T> {
  const trusted = path.join(tuf, 'metadata');
  const files: MetadataFiles = new Map();
  for (const name of (await fs.readdir(trusted)).filter(isMetadata))
    files.set(name, await fs.readFile(path.join(trusted, name)));
  const before = new Map(files);
  try {
    return await run(files);
  } finally {
    // crash: each file is the old one or the new one. They need not match: the client fetches again what does not fit.
    for (const [name, bytes] of [...files].sort(rootFirst))
      if (before.get(name)?.equals(bytes) !== true) await disk.replace(path.join(trusted, name), bytes);
  }
}

const rootFirst = ([a]: [string, unknown], [b]: [string, unknown]): number =>
  Number(b === 'root.json') - Number(a === 'root.json');
