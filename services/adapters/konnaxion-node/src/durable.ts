import fs from 'node:fs/promises';
import path from 'node:path';

/** Flushes a folder's entries to disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Flushes the entries of a folder and of every folder below it. Its files were flushed as they were written. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await fs.readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await syncTree(path.join(folder, entry.name));
  await syncFolder(folder);
}

/** Writes a new file and flushes it; its folder is made. */
export async function writeSynced(file: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  await fs.mkdir(path.dirname(file), { recursive: true });
  const handle = await fs.open(file, 'w', mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file in one step; durable on return. A crash leaves the old file or the new one. */
export async function replaceFile(file: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  await writeSynced(`${file}.new`, bytes, mode);
  await fs.rename(`${file}.new`, file);
  await syncFolder(path.dirname(file));
}
