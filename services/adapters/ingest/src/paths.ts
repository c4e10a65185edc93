/** Letters that file systems fold together: paths that meet here would overwrite each other where a set is unpacked. */
const folded = (path: string) => path.normalize('NFC').toLowerCase();

// C0, DEL and C1 controls: they hide in terminals and end names in C APIs.
const control = /\p{Cc}/u;

/**
 * Why a path may not travel, or undefined where it may. A path is relative, POSIX, without `.`, `..` or empty steps, backslashes,
 * drive letters or control characters, and well-formed Unicode.
 */
export function pathProblem(path: string): string | undefined {
  if (!path.isWellFormed() || control.test(path)) return 'has a control character or is not well-formed';
  if (path.includes('\\')) return 'has a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute';
  if (path.split('/').some((step) => step === '' || step === '.' || step === '..')) return 'has an empty, . or .. step';
  return undefined;
}

/** The first path that another one collides with, comparing as a case-insensitive, normalising file system does. */
export function collidingPath(paths: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return paths.find((path) => {
    const key = folded(path);
    const collides = seen.has(key);
    seen.add(key);
    return collides;
  });
}
