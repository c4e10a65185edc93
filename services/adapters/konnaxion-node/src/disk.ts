import fs from 'node:fs/promises';
import path from 'node:path';

/** How a node writes. Every write that decides something is whole or not there. */
export type Disk = {
  /** Writes a new file; its folder is made. */
  write(file: string, bytes: Uint8Array | string, mode?: number): Promise<void>;
  /** Replaces a file in one step: a crash leaves the old file or the new one. */
  replace(file: string, bytes: Uint8Array | string, mode?: number): Promise<void>;
  /** Makes the entries of a folder last. */
  syncFolder(folder: string): Promise<void>;
  /** Makes the entries of a folder and of every folder below it last. Its files were as they were written. */
  syncTree(folder: string): Promise<void>;
};

async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await fs.readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await syncTree(path.join(folder, entry.name));
  await syncFolder(folder);
}

/** Opens a new file; its folder is made where there is none. */
async function openNew(file: string, mode: number): Promise<fs.FileHandle> {
  try {
    return await fs.open(file, 'w', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await fs.mkdir(path.dirname(file), { recursive: true });
    return fs.open(file, 'w', mode);
  }
}

async function write(file: string, bytes: Uint8Array | string, mode: number, sync: boolean): Promise<void> {
  const handle = await openNew(file, mode);
  try {
    await handle.writeFile(bytes);
    if (sync) await handle.sync();
  } finally {
    await handle.close();
  }
}

async function replace(file: string, bytes: Uint8Array | string, mode: number, sync: boolean): Promise<void> {
  await write(`${file}.new`, bytes, mode, sync);
  await fs.rename(`${file}.new`, file);
  if (sync) await syncFolder(path.dirname(file));
}

/** What a node runs on: everything is flushed before it is relied on. */
export const durableDisk: Disk = {
  write: (file, bytes, mode = 0o644) => write(file, bytes, mode, true),
  replace: (file, bytes, mode = 0o644) => replace(file, bytes, mode, true),
  syncFolder,
  syncTree,
};

/** The same files and the same renames, flushed whenever the system likes: for simulated nodes, which share one disk and lose power together. */
export const unflushedDisk: Disk = {
  write: (file, bytes, mode = 0o644) => write(file, bytes, mode, false),
  replace: (file, bytes, mode = 0o644) => replace(file, bytes, mode, false),
  syncFolder: async () => undefined,
  syncTree: async () => undefined,
};
