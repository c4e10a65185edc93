import fs from 'node:fs/promises';
import path from 'node:path';
import type { Disk } from './disk.ts';

const isMetadata = (name: string): boolean => name.endsWith('.json');

/**
 * Lets a TUF client work on a copy of the trusted metadata, and keeps what it trusts at the end, whether it liked what it found or not. The
 * client writes in place; a torn file would lose what refuses older metadata, or the root itself.
 */
export async function onTrustedMetadata<T>(tuf: string, disk: Disk, run: (copy: string) => Promise<T>): Promise<T> {
  const trusted = path.join(tuf, 'metadata');
  const copy = path.join(tuf, 'work');
  await fs.rm(copy, { recursive: true, force: true });
  await fs.mkdir(copy);
  for (const name of (await fs.readdir(trusted)).filter(isMetadata))
    await fs.copyFile(path.join(trusted, name), path.join(copy, name));
  try {
    return await run(copy);
  } finally {
    // crash: each file is the old one or the new one. They need not match: the client fetches again what does not fit.
    for (const name of (await fs.readdir(copy)).filter(isMetadata).sort(rootFirst))
      await keep(path.join(trusted, name), await fs.readFile(path.join(copy, name)), disk);
  }
}

const rootFirst = (a: string, b: string): number => Number(b === 'root.json') - Number(a === 'root.json');

async function keep(file: string, bytes: Uint8Array, disk: Disk): Promise<void> {
  const before = await fs.readFile(file).catch(() => undefined);
  if (before === undefined || !before.equals(bytes)) await disk.replace(file, bytes);
}
