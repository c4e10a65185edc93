// PostgreSQL refuses to run as root. When we are root it runs as nobody, who must be able to reach its files.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cache } from '../bootstrap/paths.mjs';

const NOBODY = { uid: 65534, gid: 65534 };

/** Who runs PostgreSQL: nobody when we are root, else we ourselves. */
export const serverOwner = process.getuid?.() === 0 ? NOBODY : undefined;

/**
 * The data folder as PostgreSQL is to name it. It is started inside that folder; as nobody it may be unable to walk the
 * path there (a home below /root), but every process can reach the folder it is in.
 */
export const dataFolderName = (folder: string): string =>
  serverOwner && process.platform === 'linux' ? '/proc/self/cwd' : folder;

/** Whether someone who is neither owner nor in the group of these folders can walk to `folder`. */
function reachableByNobody(folder: string): boolean {
  const parent = path.dirname(folder);
  const mode = fs.statSync(folder).mode;
  return (mode & 0o001) !== 0 && (parent === folder || reachableByNobody(parent));
}

/**
 * Programs where their runner can execute them: in place, or as a copy below the system's temporary folder, shared by the
 * instances of a checkout. The copy holds no data: it may be deleted while nothing runs, and is made again.
 */
export function reachablePrograms(native: string, checkoutId: () => string = readCheckoutId): string {
  const source = fs.realpathSync(native);
  if (!serverOwner || reachableByNobody(source)) return source;
  const version = createHash('sha256').update(source).digest('hex').slice(0, 12);
  const copy = path.join(os.tmpdir(), `orgo-programs-${checkoutId()}-${version}`);
  if (!usable(copy)) makeCopy(source, copy);
  return path.join(copy, 'native');
}

/** Two starts may race here: the rename is atomic, and either copy is good. */
function makeCopy(source: string, copy: string): void {
  const draft = fs.mkdtempSync(`${copy}.`);
  fs.chmodSync(draft, 0o755);
  fs.cpSync(source, path.join(draft, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    mode: fs.constants.COPYFILE_FICLONE,
  });
  fs.writeFileSync(path.join(draft, '.complete'), '');
  if (!usable(copy)) fs.rmSync(copy, { recursive: true, force: true });
  try {
    fs.renameSync(draft, copy);
  } catch (error) {
    fs.rmSync(draft, { recursive: true, force: true });
    if (!usable(copy)) throw error;
  }
}

/** A folder of that name made by someone else is not ours to execute from. */
function usable(copy: string): boolean {
  const stat = fs.lstatSync(copy, { throwIfNoEntry: false });
  const ours = stat?.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
  return ours === true && fs.existsSync(path.join(copy, '.complete'));
}

/** Random, so that nobody can put a folder of that name there beforehand. */
function readCheckoutId(): string {
  const file = path.join(cache, 'checkout-id');
  if (!fs.existsSync(file)) {
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, randomBytes(16).toString('hex'), { mode: 0o600 });
    try {
      fs.linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another start made it
    } finally {
      fs.rmSync(draft);
    }
  }
  return fs.readFileSync(file, 'utf8');
}
