import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { type Cosignature, verifyCosignatures } from './cosignature.ts';
import { verifyNote } from './note.ts';
import type { NoteKey } from './note-key.ts';
import { ok, type Result, refuse } from './result.ts';
import type { VerifySignature } from './signature.ts';
import type { TlogPolicy } from './tlog-policy.ts';

/**
 * Believes a checkpoint or refuses it: signed by a key of the log, under its origin, and, where a policy is given, cosigned by enough of its witnesses.
 * A policy's own list of logs is not asked: whose log it is comes from the trust root. Refuses with `CHECKPOINT_MALFORMED`,
 * `CHECKPOINT_SIGNATURE_INVALID`, `KEY_UNKNOWN` or `WITNESS_QUORUM_NOT_MET`.
 */
export function verifyLogNote(
  note: string,
  believes: { log: { origin: string; keys: readonly NoteKey[] }; policy: TlogPolicy | null; verify: VerifySignature },
): Result<Checkpoint & { cosigned: Cosignature[] }> {
  const { log, policy, verify } = believes;
  const signed = verifyNote(note, log.keys, verify);
  if (!signed.ok) return signed;
  const checkpoint = parseCheckpoint(signed.value.body);
  if (!checkpoint.ok) return checkpoint;
  const { origin, size, root } = checkpoint.value;
  if (origin !== log.origin) return refuse('CHECKPOINT_MALFORMED', 'a checkpoint of another log');
  const cosigned = policy === null ? ok([]) : verifyQuorum(note, policy, verify);
  return cosigned.ok ? ok({ origin, size, root, cosigned: cosigned.value }) : cosigned;
}

/** The cosignatures on a checkpoint by witnesses of a policy. Refuses with `CHECKPOINT_…` or `WITNESS_QUORUM_NOT_MET`. */
export function verifyQuorum(note: string, policy: TlogPolicy, verify: VerifySignature): Result<Cosignature[]> {
  const keys = policy.witnesses.map(({ key }) => key);
  const cosigned = verifyCosignatures(note, keys, verify);
  if (!cosigned.ok) return cosigned;
  if (policy.quorum(cosigned.value)) return cosigned;
  const names = cosigned.value.map(({ name }) => name).join(', ');
  return refuse('WITNESS_QUORUM_NOT_MET', `the checkpoint is cosigned by ${names || 'no known witness'}`);
}
