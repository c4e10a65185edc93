import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Whether an error of the system has this code. */
export const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Whether a file or folder is not there: any other error says nothing about that. */
export const isAbsent = (error: unknown): boolean => isCode(error, 'ENOENT');

/** Bytes of a file, or undefined when there is none. Other errors are thrown. */
export async function readFileIfAny(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Names in a folder, none when there is no folder. Other errors are thrown. */
export async function readDirIfAny(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Makes the names in a folder durable: what was renamed or linked into it before survives a power cut. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and its parents, each entry durable on return. `mode` is of every folder that is made. */
export async function makeDir(dir: string, mode = 0o755): Promise<void> {
  const first = await mkdir(dir, { recursive: true, mode });
  if (first === undefined) return;
  const top = dirname(first);
  for (let made = dir; made !== top; made = dirname(made)) await syncDir(dirname(made));
}

const writeTemporary = async (path: string, content: string | Uint8Array, mode: number): Promise<string> => {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  const handle = await open(temporary, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
};

/**
 * Writes a file that must not exist yet; whole and durable on return. When another writer was first its file stays and
 * `false` is answered.
 */
export async function createFile(path: string, content: string | Uint8Array, mode: number): Promise<boolean> {
  await makeDir(dirname(path));
  const temporary = await writeTemporary(path, content, mode);
  try {
    // crash: if we die here a stray temporary file is left and the name is free.
    await link(temporary, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(temporary);
    await syncDir(dirname(path));
  }
}

/** Replaces a file in one step; a reader sees the old or the new bytes, never a mixture. Durable on return. */
export async function replaceFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await makeDir(dirname(path));
  const temporary = await writeTemporary(path, content, mode);
  // crash: if we die here the old file stands and a stray temporary file is left.
  await rename(temporary, path);
  await syncDir(dirname(path));
}
