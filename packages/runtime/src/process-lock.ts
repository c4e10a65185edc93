import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent, isCode, makeDir } from './durable-file.ts';
import { Fault } from './errors.ts';
import { runs, startOf } from './process-identity.ts';

const free = 'free';
const retryMs = 10;

const numbersIn = async (folder: string): Promise<number[]> =>
  (await readdir(folder))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => b - a);

/** Whether the holder that a lock names still runs. */
function isHeld(holder: string): boolean {
  const [pid, start] = holder.split(':');
  return holder !== free && runs(Number(pid), start);
}

/**
 * Tries once. The lock is the file with the highest number; its text is its holder, or that it is free. Whoever finds it free, or its holder dead, makes
 * the next number, which exactly one process can; nothing that another may hold is ever removed.
 */
async function tryLock(
  folder: string,
  draft: string,
): Promise<{ ok: true; file: string } | { ok: false; holder: string }> {
  const [highest = 0] = await numbersIn(folder);
  const holder =
    highest === 0
      ? free
      : await readFile(join(folder, `${highest}`), 'utf8').catch((error) => {
          if (isAbsent(error)) return undefined;
          throw error;
        });
  if (holder === undefined) return { ok: false, holder: 'another process' };
  if (isHeld(holder)) return { ok: false, holder: `process ${holder}` };
  const file = join(folder, `${highest + 1}`);
  try {
    await link(draft, file);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return { ok: false, holder: 'another process' };
    throw error;
  }
  // crash: if we die from here on, the file names a process that does not run.
  const [top, ...older] = await numbersIn(folder);
  if (top !== highest + 1) {
    // The number had been cleaned away since we looked, and was made a second time.
    await rm(file, { force: true });
    return { ok: false, holder: 'another process' };
  }
  for (const number of older) await rm(join(folder, `${number}`), { force: true });
  return { ok: true, file };
}

/**
 * Runs alone among all processes that ask for this folder, which is made where it is not. A holder that died, also one whose pid another process has
 * since, keeps nobody out.
 * @throws Fault STATE_CONFLICT when another holds it for `waitMs`, default 5 s
 */
export async function withProcessLock<T>(folder: string, run: () => Promise<T>, waitMs = 5_000): Promise<T> {
  await makeDir(folder);
  const draft = join(folder, `.${randomUUID()}.tmp`);
  await writeFile(draft, `${process.pid}:${startOf(process.pid)}`, { mode: 0o600, flag: 'wx' });
  try {
    for (let waited = 0; ; waited += retryMs) {
      const taken = await tryLock(folder, draft);
      if (taken.ok) {
        try {
          return await run();
        } finally {
          const freed = join(folder, `.${randomUUID()}.tmp`);
          await writeFile(freed, free, { mode: 0o600, flag: 'wx' });
          await rename(freed, taken.file);
        }
      }
      if (waited >= waitMs) throw new Fault('STATE_CONFLICT', `${folder} is held by ${taken.holder}`);
      await new Promise((resume) => setTimeout(resume, retryMs));
    }
  } finally {
    await rm(draft, { force: true });
  }
}
