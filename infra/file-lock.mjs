// A lock between processes that outlives no holder: it is held while the process that took it runs, released or not.
//
// The lock is the file with the highest number in a folder; its text is the holder's identity, or "free". Who finds it
// free, or its holder dead, makes the next number with link(2), which exactly one process can do. A number that was
// cleaned away could be made again by a slow process, so the winner looks once more for a higher one.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { identify, runs } from './process-identity.mjs';

const FREE = 'free';

/** @param {string} folder */
const numbers = (folder) =>
  fs
    .readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => b - a);

/**
 * Takes the lock, or says who holds it. Takes over from a holder that no longer runs.
 * @param {string} folder made when absent; one lock per folder
 * @returns {{ ok: true, release: () => void } | { ok: false, holder: string }} the holder as `pid:start time`
 */
export function tryLock(folder) {
  fs.mkdirSync(folder, { recursive: true });
  const mine = identify(process.pid) ?? String(process.pid);
  const draft = path.join(folder, `draft-${randomUUID()}`);
  fs.writeFileSync(draft, mine);
  try {
    for (;;) {
      const highest = numbers(folder)[0] ?? 0;
      const holder = highest === 0 ? FREE : read(path.join(folder, String(highest)));
      if (holder === undefined) continue;
      if (holder !== FREE && runs(holder)) return { ok: false, holder };
      const next = path.join(folder, String(highest + 1));
      if (!link(draft, next)) continue;
      const [top, ...older] = numbers(folder);
      if (top !== highest + 1) {
        fs.rmSync(next, { force: true });
        continue;
      }
      for (const n of older) fs.rmSync(path.join(folder, String(n)), { force: true });
      return { ok: true, release: () => release(folder, next) };
    }
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/**
 * Takes the lock, waiting while another process holds it.
 * @param {string} folder
 * @param {(holder: string) => void} [onWait] called once, when the lock is not free at once
 * @returns {Promise<() => void>} releases it
 */
export async function lock(folder, onWait) {
  let told = false;
  for (;;) {
    const attempt = tryLock(folder);
    if (attempt.ok) return attempt.release;
    if (!told) onWait?.(attempt.holder);
    told = true;
    await pause(100);
  }
}

/** @param {string} folder @param {string} file */
function release(folder, file) {
  const draft = path.join(folder, `draft-${randomUUID()}`);
  fs.writeFileSync(draft, FREE);
  fs.renameSync(draft, file);
}

/** @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined; // cleaned away meanwhile
    throw error;
  }
}

/** @param {string} from @param {string} to */
function link(from, to) {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}
