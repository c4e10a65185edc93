// PostgreSQL refuses to run as root. When we are root it runs as nobody, who must be able to reach its files.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

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
 * Programs where their runner can execute them: in place, or as a copy below the system's temporary folder. The copy is
 * disposable (data is never in it) and is named by the home's random id.
 */
export function reachablePrograms(native: string, homeId: string): string {
  const source = fs.realpathSync(native);
  if (!serverOwner || reachableByNobody(source)) return source;
  const copy = path.join(os.tmpdir(), `orgo-${homeId}`);
  if (fs.existsSync(path.join(copy, '.complete')) && ownedByUs(copy)) return path.join(copy, 'native');
  const draft = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-'));
  fs.chmodSync(draft, 0o755);
  fs.cpSync(source, path.join(draft, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    mode: fs.constants.COPYFILE_FICLONE,
  });
  fs.writeFileSync(path.join(draft, '.complete'), '');
  fs.rmSync(copy, { recursive: true, force: true });
  fs.renameSync(draft, copy);
  return path.join(copy, 'native');
}

/** A folder of that name made by someone else is not ours to execute from. */
function ownedByUs(folder: string): boolean {
  const stat = fs.lstatSync(folder);
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
}
