import {
  digestOfBytes,
  type Frontier,
  frontierRoot,
  leafHash,
  type NoteKey,
  rootOf,
  toHex,
  utf8,
  verifyLogNote,
} from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';

/** A tenant's log as its rows hold it at one moment. */
export type WholeLog = {
  entries: readonly { index: number; text: string; digest: string }[];
  /** Null where nothing was sealed yet. */
  frontier: Frontier | null;
  /** Every checkpoint that was committed, as text. */
  notes: readonly string[];
};

/**
 * What is wrong with a whole log, made anew from the bytes of its entries: they are numbered from 0 without a gap, each is called by its digest, their tree has the
 * root of the head, and every checkpoint that was ever signed is one of that tree, under a key of the log.
 */
export function logProblemsOf(log: WholeLog, believes: { origin: string; keys: readonly NoteKey[] }): string[] {
  const { entries, frontier, notes } = log;
  const gap = entries.findIndex(({ index }, at) => index !== at);
  const problems = gap < 0 ? [] : [`entry ${gap} of the log is missing`];
  const size = frontier?.size ?? 0;
  if (entries.length !== size) problems.push(`the log has ${entries.length} entries and its head says ${size}`);
  for (const { index, text, digest } of entries)
    if (digestOfBytes(utf8(text)) !== digest) problems.push(`entry ${index} is not what its digest says`);

  const leaves = entries.map(({ text }) => leafHash(utf8(text)));
  if (frontier !== null && toHex(frontierRoot(frontier)) !== toHex(rootOf(leaves)))
    problems.push('the root of the head is not that of the entries');
  const signed = new Set<number>();
  for (const note of notes) {
    const checkpoint = verifyLogNote(note, { log: believes, policy: null, verify: verifySignature });
    if (!checkpoint.ok) problems.push(`a checkpoint: ${checkpoint.code} ${checkpoint.detail}`);
    else if (toHex(checkpoint.value.root) !== toHex(rootOf(leaves.slice(0, checkpoint.value.size))))
      problems.push(`the checkpoint of ${checkpoint.value.size} entries has another root`);
    else signed.add(checkpoint.value.size);
  }
  if (size > 0 && !signed.has(size)) problems.push(`no checkpoint was signed over all ${size} entries`);
  return problems;
}
