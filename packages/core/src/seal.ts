import type { Seal } from '@orgo/contracts';
import type { StatementCache } from './batch.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { fromHex, toHex } from './hex.ts';
import { leafHash } from './merkle-hash.ts';
import { verifyInclusion } from './merkle-verify.ts';
import { verifyNote } from './note.ts';
import { ok, type Result, refuse } from './result.ts';
import type { VerifySignature } from './signature.ts';
import { utf8 } from './text.ts';
import type { Root } from './trust-root.ts';

const keysTexts = new WeakMap<Root['log'], string>();

/** The log keys of a root as text, made once a root: a cached checkpoint is believed under exactly these. */
const keysTextOf = (log: Root['log']): string => {
  const known = keysTexts.get(log);
  if (known !== undefined) return known;
  const text = log.keys.map((key) => toHex(key.public)).join(',');
  keysTexts.set(log, text);
  return text;
};

/**
 * Checks that a decision is a leaf of the tenant's log: the checkpoint is a signed note by a log key of this root, of this log and of
 * the size the seal names, and the path leads from the payload text to its root (RFC 9162 section 2.1.3.2, C2SP tlog-checkpoint).
 * Checkpoints already believed are kept in `cache`, because a batch of decisions shares one.
 *
 * Refuses with `CHECKPOINT_MALFORMED` (also another origin or size), `CHECKPOINT_SIGNATURE_INVALID`, `KEY_UNKNOWN` or `PROOF_INVALID`.
 */
export function verifySeal(
  seal: Seal,
  payload: string,
  expect: { log: Root['log']; verify: VerifySignature; cache?: StatementCache },
): Result<{ index: number; size: number }> {
  const { log, verify, cache } = expect;
  const known = `checkpoint ${keysTextOf(log)} ${seal.checkpoint}`;
  if (!cache?.has(known)) {
    const note = verifyNote(seal.checkpoint, log.keys, verify);
    if (!note.ok) return note;
  }
  const checkpoint = parseCheckpoint(seal.checkpoint.slice(0, seal.checkpoint.lastIndexOf('\n\n') + 1));
  if (!checkpoint.ok) return checkpoint;
  cache?.add(known);
  if (checkpoint.value.origin !== log.origin) return refuse('CHECKPOINT_MALFORMED', 'a checkpoint of another log');
  if (checkpoint.value.size !== seal.size) return refuse('CHECKPOINT_MALFORMED', 'the checkpoint signs another size');

  const path: Uint8Array[] = [];
  for (const hex of seal.path) {
    const hash = fromHex(hex);
    if (!hash.ok) return hash;
    path.push(hash.value);
  }
  const { index, size } = seal;
  const included = verifyInclusion({
    index,
    size,
    leafHash: leafHash(utf8(payload)),
    path,
    root: checkpoint.value.root,
  });
  return included.ok ? ok({ index, size }) : included;
}
