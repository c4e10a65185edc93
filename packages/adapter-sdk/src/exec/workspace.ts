import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** The folder of one run: read-only inputs, an empty place for outputs, and an empty place to work in. */
export type Workspace = {
  outputs: string;
  /** The program's working folder, home and temporary folder. */
  work: string;
  /** Writes a read-only copy of an input and answers its path. */
  addInput(name: string, bytes: Uint8Array): Promise<string>;
  /** Removes everything, whatever permissions the program left. */
  remove(): Promise<void>;
};

/** Makes folders writable again, so that what is in them can be removed. Links are not followed. */
const unlock = async (folder: string): Promise<void> => {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await unlock(path.join(folder, entry.name));
};

/** Makes a fresh workspace below the machine's temporary folder, for this user alone. */
export async function openWorkspace(): Promise<Workspace> {
  const root = await realpath(await mkdtemp(path.join(os.tmpdir(), 'orgo-exec-')));
  const [inputs, outputs, work] = ['in', 'out', 'work'].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [inputs, outputs, work]) await mkdir(folder, { mode: 0o700 });
  return {
    outputs,
    work,
    async addInput(name, bytes) {
      const file = path.join(inputs, name);
      await writeFile(file, bytes, { mode: 0o400, flag: 'wx' });
      return file;
    },
    async remove() {
      await unlock(root);
      await rm(root, { recursive: true, force: true });
    },
  };
}
