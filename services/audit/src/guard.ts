import { mkdir, readdir } from 'node:fs/promises';
import { tenantIdSchema } from '@orgo/contracts';
import {
  backoffMs,
  equalBytes,
  type Frontier,
  fromUtf8,
  frontierRoot,
  parseCheckpoint,
  type Refusal,
  refuse,
} from '@orgo/core';
import { readFileIfAny, replaceFile } from '@orgo/runtime/durable-file';
import { Breach, codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Queryable } from '@orgo/store/db';
import { type FaultPoints, noFaults } from '@orgo/store/fault-points';
import type { SignedHead } from './encode.ts';
import { checkpointFile, compareWithLog, cosignedFile, outsideCheckpoint } from './outside.ts';
import type { Witnesses } from './witnesses.ts';

/**
 * Keeps the newest checkpoint of each tenant outside of PostgreSQL and holds the log against it, and against what witnesses have seen, so that a
 * database that went back, or was rewritten, is not signed over.
 */
export type Guard = {
  /**
   * Holds the log of a tenant against every checkpoint that is known outside of it; once per process. Refuses with `LOG_ROLLBACK_DETECTED`,
   * `LOG_FORK_DETECTED`, `LOG_GAP_DETECTED` or a `CHECKPOINT_…` code, from then on always: signing stays off until the process is started again.
   * @throws Fault while the database or the trust root cannot be read
   */
  check(tenant: string): Promise<Refusal | null>;
  /** Every tenant with a log; what is found is logged. */
  checkAll(): Promise<void>;
  /** Signing stops for a tenant: somebody outside holds what the log contradicts. */
  turnOff(tenant: string, found: Refusal): void;
  /** @throws Breach when the head that is to be signed over is not a later one than this process has seen */
  beforeSigning(tenant: string, before: Frontier): void;
  /** A checkpoint was committed: it is written outside soon, and witnesses are asked. */
  committed(tenant: string, head: SignedHead): void;
  /** When everything committed so far is written outside, or could not be. */
  idle(): Promise<void>;
};

const newestText = `SELECT size::float8 AS size, root, note FROM log_checkpoint WHERE tenant_id = $1 ORDER BY log_checkpoint.size DESC LIMIT 1`;

/** `dir` is `<home>/checkpoints`: one file per tenant, a signed note. */
export function createGuard(deps: {
  dir: string;
  db: Queryable;
  trust: TrustStore;
  log: Log;
  witnesses: Pick<Witnesses, 'check' | 'committed'>;
  faults?: FaultPoints;
}): Guard {
  const { dir, db, trust, log, witnesses, faults = noFaults } = deps;
  const checks = new Map<string, Promise<Refusal | null>>();
  const seen = new Map<string, SignedHead>();
  const waiting = new Map<string, SignedHead>();
  let writing: Promise<void> | undefined;
  let failures = 0;

  const newestOf = async (tenant: string): Promise<SignedHead | undefined> =>
    (await db.query<SignedHead>({ name: 'log_newest_head', text: newestText }, [tenant])).rows[0];

  const compare = async (tenant: string): Promise<Refusal | null> => {
    for (const file of [checkpointFile(dir, tenant), cosignedFile(dir, tenant)]) {
      const outside = await outsideCheckpoint(file, tenant, trust);
      const found = outside === null ? null : outside.ok ? await compareWithLog(db, tenant, outside.value) : outside;
      if (found !== null) return found;
    }
    return witnesses.check(tenant);
  };
  const look = async (tenant: string): Promise<Refusal | null> => {
    const newest = await newestOf(tenant);
    const found = await compare(tenant);
    if (found !== null) report(tenant, found);
    else if (newest !== undefined) {
      // From here on this process knows the head, also of a tenant that it has not sealed for yet.
      if (!seen.has(tenant)) seen.set(tenant, newest);
      // A process that died left the file behind the log: it catches up before anything is lost.
      keep(tenant, newest);
    }
    return found;
  };
  const report = (tenant: string, found: Refusal): void =>
    log.error({ code: found.code, detail: found.detail, tenant_id: tenant }, 'signing is off for this tenant');

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
  const turnOff = (tenant: string, found: Refusal): void => {
    report(tenant, found);
    checks.set(tenant, Promise.resolve(found));
  };
  const refuseHead = (tenant: string, found: Refusal): never => {
    turnOff(tenant, found);
    throw new Breach(found.code, found.detail);
  };

  /** What another replica may have written in the meantime. */
  const keptSize = async (tenant: string): Promise<number> => {
    const text = fromUtf8((await readFileIfAny(checkpointFile(dir, tenant))) ?? new Uint8Array());
    const kept = text.ok ? parseCheckpoint(text.value.slice(0, text.value.lastIndexOf('\n\n') + 1)) : text;
    return kept.ok ? kept.value.size : 0;
  };
  const keep = (tenant: string, head: SignedHead): void => {
    const later = waiting.get(tenant);
    if (later === undefined || later.size < head.size) waiting.set(tenant, head);
    writing ??= write();
  };
  const write = async (): Promise<void> => {
    const failed: [string, SignedHead][] = [];
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      const [tenant, head] = next;
      waiting.delete(tenant);
      try {
        if ((await keptSize(tenant)) >= head.size) continue;
        // crash: if we die before or here, the file lags behind the database; it never leads, since this follows the commit
        await faults.at('audit.beforeCheckpoint');
        await replaceFile(checkpointFile(dir, tenant), head.note, 0o600);
        await faults.at('audit.checkpointWritten');
        failures = 0;
      } catch (error) {
        log.error({ err: error, code: codeOf(error), tenant_id: tenant }, 'the checkpoint is not kept outside');
        failed.push(next);
      }
    }
    writing = undefined;
    if (failed.length === 0) return;
    // A quiet log has no next commit that would bring the file along.
    const wait = backoffMs(++failures, { baseMs: 500, maxMs: 60_000, seed: dir });
    setTimeout(() => {
      for (const [tenant, head] of failed) keep(tenant, head);
    }, wait).unref();
  };

  return {
    check,
    turnOff,
    async checkAll() {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      for (const tenant of await tenantsOf(dir, db))
        await check(tenant).catch((error) =>
          log.warn({ err: error, code: codeOf(error), tenant_id: tenant }, 'the log is not compared yet'),
        );
    },
    beforeSigning(tenant, before) {
      const last = seen.get(tenant);
      if (last === undefined) return;
      if (before.size < last.size)
        refuseHead(
          tenant,
          refuse('LOG_ROLLBACK_DETECTED', `the head went from ${last.size} back to ${before.size} entries`),
        );
      if (before.size === last.size && !equalBytes(frontierRoot(before), last.root))
        refuseHead(tenant, refuse('LOG_FORK_DETECTED', `the head of ${last.size} entries is another than was signed`));
    },
    committed(tenant, head) {
      seen.set(tenant, head);
      keep(tenant, head);
      witnesses.committed(tenant);
    },
    idle: async () => {
      while (writing !== undefined) await writing;
    },
  };
}

/** Tenants with a log or a checkpoint outside. The database may not answer yet: then those with a file are known, and the others at their first seal. */
async function tenantsOf(dir: string, db: Queryable): Promise<string[]> {
  const files = await readdir(dir);
  const query = { name: 'log_tenants', text: 'SELECT tenant_id FROM log' };
  const { rows } = await db.query<{ tenant_id: string }>(query, []).catch(() => ({ rows: [] }));
  const names = [...files, ...rows.map(({ tenant_id }) => tenant_id)];
  return [...new Set(names)].filter((name) => tenantIdSchema.safeParse(name).success).sort();
}
