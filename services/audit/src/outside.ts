import { join } from 'node:path';
import {
  type Checkpoint,
  equalBytes,
  fromUtf8,
  frontierRoot,
  parseCheckpoint,
  type Refusal,
  type Result,
  refuse,
  verifyNote,
} from '@orgo/core';
import { readFileIfAny } from '@orgo/runtime/durable-file';
import { Breach } from '@orgo/runtime/errors';
import { verifySignature } from '@orgo/runtime/signer';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Queryable } from '@orgo/store/db';
import type { LogState } from './domain/index.ts';
import { storedRoot } from './proofs.ts';
import { logId } from './repo.ts';

/** Where checkpoints are kept outside of PostgreSQL: the newest, and the newest that witnesses cosigned. */
export const checkpointFile = (dir: string, tenant: string): string => join(dir, tenant);
export const cosignedFile = (dir: string, tenant: string): string => join(dir, `${tenant}.cosigned`);

/** A checkpoint that is kept in a file, as the log signed it; null where there is none. Refuses with a `CHECKPOINT_…` code or `KEY_UNKNOWN`. */
export async function outsideCheckpoint(
  file: string,
  tenant: string,
  trust: TrustStore,
): Promise<Result<Checkpoint & { note: string }> | null> {
  const bytes = await readFileIfAny(file);
  if (bytes === undefined) return null;
  const text = fromUtf8(bytes);
  if (!text.ok) return refuse('CHECKPOINT_MALFORMED', text.detail);
  const { log } = await trust.root(tenant);
  const note = verifyNote(text.value, log.keys, verifySignature);
  if (!note.ok) return note;
  const checkpoint = parseCheckpoint(note.value.body);
  if (!checkpoint.ok) return checkpoint;
  if (checkpoint.value.origin !== log.origin) return refuse('CHECKPOINT_MALFORMED', 'a checkpoint of another log');
  return { ok: true, value: { ...checkpoint.value, note: text.value } };
}

const headText = 'SELECT state FROM log WHERE tenant_id = $1 AND id = $2';

/** Holds what is stored against a checkpoint that was once signed over it. Reads a few hundred rows at most. */
export async function compareWithLog(db: Queryable, tenant: string, outside: Checkpoint): Promise<Refusal | null> {
  const { rows } = await db.query<{ state: LogState }>({ name: 'log_head', text: headText }, [tenant, logId]);
  const frontier = rows[0]?.state.frontier ?? { size: 0, hashes: [] };
  if (outside.size === 0) return null;
  if (frontier.size < outside.size)
    return refuse('LOG_ROLLBACK_DETECTED', `the log has ${frontier.size} entries, ${outside.size} were signed`);
  try {
    if (!equalBytes(await storedRoot(db, tenant, outside.size), outside.root))
      return refuse('LOG_FORK_DETECTED', `the first ${outside.size} entries are not those that were signed`);
    if (!equalBytes(await storedRoot(db, tenant, frontier.size), frontierRoot(frontier)))
      return refuse('LOG_FORK_DETECTED', `the head of ${frontier.size} entries is not that of the entries`);
  } catch (error) {
    if (error instanceof Breach) return refuse(error.code, error.detail);
    throw error;
  }
  return null;
}
