import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tenantIdSchema } from '@orgo/contracts';
import {
  type Checkpoint,
  equalBytes,
  type Frontier,
  fromUtf8,
  frontierRoot,
  parseCheckpoint,
  type Refusal,
  type Result,
  refuse,
  verifyNote,
} from '@orgo/core';
import { readFileIfAny, replaceFile } from '@orgo/runtime/durable-file';
import { Breach, codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { verifySignature } from '@orgo/runtime/signer';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Queryable } from '@orgo/store/db';
import type { LogState } from './domain/index.ts';
import type { SignedHead } from './encode.ts';
import { storedRoot } from './proofs.ts';
import { logId } from './repo.ts';

/**
 * Keeps the newest checkpoint of each tenant outside of PostgreSQL and holds the log against it, so that a database that went back, or was
 * rewritten, is not signed over.
 */
export type Guard = {
  /**
   * Holds the log of a tenant against the checkpoint kept outside; once per process. Refuses with `LOG_ROLLBACK_DETECTED`, `LOG_FORK_DETECTED`,
   * `LOG_GAP_DETECTED` or a `CHECKPOINT_…` code, from then on always: signing stays off until the process is started again.
   * @throws Fault while the database or the trust root cannot be read
   */
  check(tenant: string): Promise<Refusal | null>;
  /** Every tenant with a checkpoint outside; what is found is logged. */
  checkAll(): Promise<void>;
  /** @throws Breach when the head that is to be signed over is not a later one than this process has seen */
  beforeSigning(tenant: string, before: Frontier): void;
  /** A checkpoint was committed: it is written outside soon. */
  committed(tenant: string, head: SignedHead): void;
  /** When everything committed so far is written outside. */
  idle(): Promise<void>;
};

const headText = 'SELECT state FROM log WHERE tenant_id = $1 AND id = $2';

/** The checkpoint that is kept outside; null where there is none. Refuses with a `CHECKPOINT_…` code or `KEY_UNKNOWN`. */
export async function outsideCheckpoint(
  dir: string,
  tenant: string,
  trust: TrustStore,
): Promise<Result<Checkpoint> | null> {
  const bytes = await readFileIfAny(join(dir, tenant));
  if (bytes === undefined) return null;
  const text = fromUtf8(bytes);
  if (!text.ok) return refuse('CHECKPOINT_MALFORMED', text.detail);
  const { log } = await trust.root(tenant);
  const note = verifyNote(text.value, log.keys, verifySignature);
  if (!note.ok) return note;
  const checkpoint = parseCheckpoint(note.value.body);
  if (checkpoint.ok && checkpoint.value.origin !== log.origin)
    return refuse('CHECKPOINT_MALFORMED', 'a checkpoint of another log');
  return checkpoint;
}

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

/** `dir` is `<home>/checkpoints`: one file per tenant, a signed note. */
export function createGuard(deps: { dir: string; db: Queryable; trust: TrustStore; log: Log }): Guard {
  const { dir, db, trust, log } = deps;
  const checks = new Map<string, Promise<Refusal | null>>();
  const seen = new Map<string, SignedHead>();
  const waiting = new Map<string, SignedHead>();
  let writing: Promise<void> | undefined;

  const look = async (tenant: string): Promise<Refusal | null> => {
    const outside = await outsideCheckpoint(dir, tenant, trust);
    const found = outside === null ? null : outside.ok ? await compareWithLog(db, tenant, outside.value) : outside;
    if (found !== null)
      log.error({ code: found.code, detail: found.detail, tenant_id: tenant }, 'signing is off for this tenant');
    return found;
  };
  const check = (tenant: string): Promise<Refusal | null> => {
    let checked = checks.get(tenant);
    if (checked === undefined) {
      checked = look(tenant);
      checks.set(tenant, checked);
      // What could not be compared is compared the next time.
      checked.catch(() => checks.delete(tenant));
    }
    return checked;
  };
  const turnOff = (tenant: string, found: Refusal): never => {
    log.error({ code: found.code, detail: found.detail, tenant_id: tenant }, 'signing is off for this tenant');
    checks.set(tenant, Promise.resolve(found));
    throw new Breach(found.code, found.detail);
  };

  /** What another replica may have written in the meantime. */
  const keptSize = async (tenant: string): Promise<number> => {
    const text = fromUtf8((await readFileIfAny(join(dir, tenant))) ?? new Uint8Array());
    const kept = text.ok ? parseCheckpoint(text.value.slice(0, text.value.lastIndexOf('\n\n') + 1)) : text;
    return kept.ok ? kept.value.size : 0;
  };
  const write = async (): Promise<void> => {
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      const [tenant, head] = next;
      waiting.delete(tenant);
      try {
        if ((await keptSize(tenant)) >= head.size) continue;
        // crash: if we die before or here, the file lags behind the database; it never leads, since this follows the commit
        await replaceFile(join(dir, tenant), head.note, 0o600);
      } catch (error) {
        log.error({ err: error, code: codeOf(error), tenant_id: tenant }, 'the checkpoint is not kept outside');
      }
    }
    writing = undefined;
  };

  return {
    check,
    async checkAll() {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const tenants = (await readdir(dir)).filter((name) => tenantIdSchema.safeParse(name).success);
      for (const tenant of tenants)
        await check(tenant).catch((error) =>
          log.warn({ err: error, code: codeOf(error), tenant_id: tenant }, 'the log is not compared yet'),
        );
    },
    beforeSigning(tenant, before) {
      const last = seen.get(tenant);
      if (last === undefined) return;
      if (before.size < last.size)
        turnOff(
          tenant,
          refuse('LOG_ROLLBACK_DETECTED', `the head went from ${last.size} back to ${before.size} entries`),
        );
      if (before.size === last.size && !equalBytes(frontierRoot(before), last.root))
        turnOff(tenant, refuse('LOG_FORK_DETECTED', `the head of ${last.size} entries is another than was signed`));
    },
    committed(tenant, head) {
      seen.set(tenant, head);
      waiting.set(tenant, head);
      writing ??= write();
    },
    idle: async () => {
      while (writing !== undefined) await writing;
    },
  };
}
