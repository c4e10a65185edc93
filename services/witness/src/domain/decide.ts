import {
  type Checkpoint,
  emptyRoot,
  equalBytes,
  type NoteKey,
  parseCheckpoint,
  parseGrowth,
  type VerifySignature,
  verifyConsistency,
  verifyNote,
} from '@orgo/core';

/** Status and text of an answer (C2SP tlog-witness); 200 is the cosignature's affair. */
export type Refused = { status: 400 | 403 | 404 | 409 | 422; text: string };

/** A checkpoint that may be cosigned once `seen` is still what the witness has seen. */
export type Asked = { note: string; body: string; checkpoint: Checkpoint; old: number; path: Uint8Array[] };

const no = (status: Refused['status'], text: string): Refused => ({ status, text: `${text}\n` });

/** Reads a request and verifies the log's signature: 400 for what is none, 404 for an unknown log, 403 for a bad or missing signature. */
export function readRequest(text: string, logs: readonly NoteKey[], verify: VerifySignature): Asked | Refused {
  const growth = parseGrowth(text);
  if (!growth.ok) return no(400, growth.detail);
  const { old, path, checkpoint: note } = growth.value;
  const origin = note.slice(0, Math.max(note.indexOf('\n'), 0));
  const keys = logs.filter(({ name }) => name === origin);
  if (keys.length === 0) return no(404, 'unknown log');
  const signed = verifyNote(note, keys, verify);
  if (!signed.ok) return no(signed.code === 'CHECKPOINT_MALFORMED' ? 400 : 403, signed.detail);
  const checkpoint = parseCheckpoint(signed.value.body);
  if (!checkpoint.ok) return no(400, checkpoint.detail);
  if (old > checkpoint.value.size) return no(400, 'the old size is larger than the checkpoint');
  return { note, body: signed.value.body, checkpoint: checkpoint.value, old, path };
}

/**
 * Whether a checkpoint follows from what the witness has seen of this log; null when it does. 409 with the size that it has seen where the request
 * starts from another, 422 where the proof does not hold. An empty log proves nothing, so from size 0 the proof is empty and any log follows.
 */
export function refuseGrowth({ checkpoint, old, path }: Asked, seen: Checkpoint | null): Refused | null {
  const known = seen?.size ?? 0;
  if (old !== known) return { status: 409, text: `${known}\n` };
  const { size, root } = checkpoint;
  if (size === 0 && !equalBytes(root, emptyRoot())) return no(422, 'an empty log has another root');
  if (old === 0) return path.length === 0 ? null : no(422, 'from an empty log the proof is empty');
  const root1 = (seen as Checkpoint).root;
  const held = verifyConsistency({ size1: old, size2: size, root1, root2: root, path });
  return held.ok ? null : no(422, held.detail);
}
