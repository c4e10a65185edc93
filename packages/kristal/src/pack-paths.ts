/** Why a path may not be part of a pack. */
export type PathProblem = {
  path: string;
  why:
    | 'empty'
    | 'absolute'
    | 'parent'
    | 'backslash'
    | 'control'
    | 'character'
    | 'long'
    | 'duplicate'
    | 'case'
    | 'nested';
};

/** Where the manifest of a pack lies beside its files. It is never a member of its own `files[]`. */
export const packManifestPath = 'runtime-pack-manifest.json';

/**
 * Checks the paths of a pack: relative, forward slashes, plain segments, no `..`, no control character, no two that are equal or
 * that a case-insensitive disk would merge, none that is a folder of another. A symbolic link is the concern of whoever lists the disk.
 */
export function pathProblems(paths: readonly string[]): PathProblem[] {
  const problems: PathProblem[] = [];
  const seen = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const path of paths) {
    const why = shapeProblem(path);
    if (why) {
      problems.push({ path, why });
      continue;
    }
    const folded = path.normalize('NFC').toLowerCase();
    const twin = seen.get(folded);
    if (twin !== undefined) problems.push({ path, why: twin === path ? 'duplicate' : 'case' });
    seen.set(folded, path);
    for (let i = folded.indexOf('/'); i >= 0; i = folded.indexOf('/', i + 1)) folders.set(folded.slice(0, i), path);
  }
  for (const [folded, path] of seen) if (folders.has(folded)) problems.push({ path, why: 'nested' });
  return problems;
}

function shapeProblem(path: string): PathProblem['why'] | undefined {
  if (path === '') return 'empty';
  if (path.length > 240) return 'long';
  if (path.startsWith('/')) return 'absolute';
  if (path.includes('\\')) return 'backslash';
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'control';
  if (/[^A-Za-z0-9._/-]/.test(path)) return 'character';
  const segments = path.split('/');
  if (segments.some((s) => s === '..' || s === '.')) return 'parent';
  if (segments.some((s) => s === '')) return 'empty';
  return undefined;
}
