/** Letters that file systems fold together: paths that meet here would overwrite each other where a set is unpacked. */
const folded = (path: string) => path.normalize('NFC').toLowerCase();

// C0, DEL and C1 controls: they hide in terminals and end names in C APIs.
const control = /\p{Cc}/u;
// Embeddings, overrides and isolates make a name read as another one. Letters of right-to-left scripts need none of them.
const reordering = /[\u202a-\u202e\u2066-\u2069]/;

/** Longest path of a document, in UTF-16 units as JSON Schema counts, and longest step of it, in bytes as file systems count. */
const maxPath = 1024;
const maxStep = 255;

/**
 * Why the path of a document may not travel, or undefined where it may. A path is relative, POSIX, without `.`, `..` or empty steps, backslashes,
 * drive letters, control or reordering characters, well-formed Unicode, and short enough to be a file anywhere. Refused as INPUT_PATH_INVALID.
 */
export function pathProblem(path: string): string | undefined {
  if (!path.isWellFormed() || control.test(path)) return 'has a control character or is not well-formed';
  if (/\p{Noncharacter_Code_Point}/u.test(path)) return 'has a code point that is no character';
  if (reordering.test(path)) return 'has a character that reorders text';
  if (path.includes('\\')) return 'has a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute';
  const steps = path.split('/');
  if (steps.some((step) => step === '' || step === '.' || step === '..')) return 'has an empty, . or .. step';
  if (path.length > maxPath) return `is longer than ${maxPath} characters`;
  const bytes = new TextEncoder();
  if (steps.some((step) => bytes.encode(step).length > maxStep)) return `has a step of more than ${maxStep} bytes`;
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
