import { fromBase64, toBase64 } from './base64.ts';
import { ok, type Result, refuse } from './result.ts';

/** The head of a log: whose log, how many leaves, and the root over them. */
export type Checkpoint = { origin: string; size: number; root: Uint8Array };

const sizeShape = /^(?:0|[1-9][0-9]*)$/;
const hasControl = /[\u0000-\u001f]/;

/**
 * Note text of a checkpoint (C2SP tlog-checkpoint): origin, decimal size, base64 root, one line each.
 * A RangeError for what cannot be one: these values are the log's own.
 */
export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string => {
  if (origin === '' || hasControl.test(origin) || !origin.isWellFormed())
    throw new RangeError('not a checkpoint origin');
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('not a tree size');
  if (root.length !== 32) throw new RangeError('a root is 32 bytes');
  return `${origin}\n${size}\n${toBase64(root)}\n`;
};

const malformed = (why: string) => refuse('CHECKPOINT_MALFORMED', why);

/**
 * Reads the note text of a checkpoint, which `verifyNote` gives; extension lines are kept as they are.
 * Refuses with `CHECKPOINT_MALFORMED`, also sizes with leading zeros or beyond 2^53-1.
 */
export const parseCheckpoint = (text: string): Result<Checkpoint & { extensions: string[] }> => {
  if (!text.endsWith('\n')) return malformed('the text does not end in a newline');
  const [origin = '', size = '', root = '', ...extensions] = text.slice(0, -1).split('\n');
  if (origin === '' || hasControl.test(origin) || !text.isWellFormed()) return malformed('bad origin');
  if (!sizeShape.test(size) || !Number.isSafeInteger(Number(size))) return malformed('bad tree size');
  const bytes = fromBase64(root);
  if (!bytes.ok || bytes.value.length !== 32) return malformed('bad root hash');
  if (extensions.includes('')) return malformed('an empty extension line');
  return ok({ origin, size: Number(size), root: bytes.value, extensions });
};
