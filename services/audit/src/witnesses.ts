import {
  backoffMs,
  formatGrowth,
  type NoteKey,
  type Refusal,
  refuse,
  type TlogPolicy,
  verifyCosignatures,
} from '@orgo/core';
import { replaceFile } from '@orgo/runtime/durable-file';
import { Breach, codeOf, detailOf, Fault } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { verifySignature } from '@orgo/runtime/signer';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Queryable } from '@orgo/store/db';
import { cosignedFile, outsideCheckpoint } from './outside.ts';
import { consistencyOf } from './proofs.ts';
import type { Reads, StoredCheckpoint } from './reads.ts';

/** A checkpoint with cosignatures that were verified. */
export type Cosigned = { size: number; note: string; witnesses: { name: string; at: string }[]; quorum: boolean };

/** Has checkpoints cosigned by witnesses (C2SP tlog-witness). Sealing never waits for it. */
export type Witnesses = {
  /** A checkpoint was committed: witnesses are asked soon, one checkpoint at a time. */
  committed(tenant: string): void;
  /** Asks every witness now. Refuses with `LOG_ROLLBACK_DETECTED` or `LOG_FORK_DETECTED` where one has seen what the log contradicts. */
  check(tenant: string): Promise<Refusal | null>;
  /** The newest checkpoint that was cosigned; null where none was, or nobody is known here. */
  newest(tenant: string): Promise<Cosigned | null>;
  stop(): Promise<void>;
};

export type WitnessDeps = {
  dir: string;
  db: Queryable;
  reads: Pick<Reads, 'newest'>;
  trust: TrustStore;
  log: Log;
  /** Null: nobody is asked, nobody is believed. */
  policy: TlogPolicy | null;
  /** What a witness holds against the log. */
  found(tenant: string, refusal: Refusal): void;
};

type Witness = { key: NoteKey; url: string };
type Answer = { witness: Witness; checkpoint: StoredCheckpoint; lines: string };

/** Within it, a witness that does not answer holds up the first seal of a process. */
const patienceMs = 2000;
const sizeShape = /^(0|[1-9]\d{0,15})\n?$/;
/** The sizes of witness and log may both move meanwhile. */
const turns = 4;

export function createWitnesses(deps: WitnessDeps): Witnesses {
  const { dir, db, reads, trust, log, policy, found } = deps;
  const asked = (policy?.witnesses ?? []).flatMap(({ key, url }): Witness[] => (url === null ? [] : [{ key, url }]));
  const keys = (policy?.witnesses ?? []).map(({ key }) => key);
  /** What each witness said last of each tenant. */
  const last = new Map<string, Answer>();
  const rounds = new Map<string, Promise<Refusal | null>>();
  const again = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Map<string, NodeJS.Timeout>();
  const stopping = new AbortController();

  const post = async ({ url }: Witness, body: string): Promise<{ status: number; text: string }> => {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(patienceMs)]);
    try {
      const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
        method: 'POST',
        body,
        signal,
        redirect: 'error',
      });
      return { status: response.status, text: (await response.text()).slice(0, 65_536) };
    } catch (cause) {
      throw new Fault('WITNESS_UNAVAILABLE', { detail: `no answer from ${url}`, cause });
    }
  };

  /** The lines by which this witness cosigned. */
  const linesOf = (text: string, note: string, key: NoteKey): string =>
    text
      .split('\n')
      .filter((line) => {
        const verified = line === '' ? null : verifyCosignatures(`${note}${line}\n`, [key], verifySignature);
        return verified?.ok && verified.value.length > 0;
      })
      .map((line) => `${line}\n`)
      .join('');

  const ask = async (tenant: string, witness: Witness): Promise<Answer | Refusal | null> => {
    const id = `${tenant} ${witness.url}`;
    let old = last.get(id)?.checkpoint.size ?? 0;
    for (let turn = 0; turn < turns; turn++) {
      const checkpoint = await reads.newest(tenant);
      const before = last.get(id);
      if (checkpoint === null) return null;
      if (before?.checkpoint.note === checkpoint.note) return before;
      const { size, note } = checkpoint;
      if (old > size)
        return refuse('LOG_ROLLBACK_DETECTED', `${witness.key.name} has seen ${old} entries, the log has ${size}`);
      const path = old === 0 || old === size ? [] : await consistencyOf(db, tenant, old, size);
      const { status, text } = await post(witness, formatGrowth({ old, path, checkpoint: note }));
      if (status === 200) {
        const lines = linesOf(text, note, witness.key);
        if (lines === '')
          throw new Fault('WITNESS_UNAVAILABLE', `${witness.url} answers with no cosignature of its own`);
        const answer = { witness, checkpoint, lines };
        last.set(id, answer);
        return answer;
      }
      if (status === 422 && old > 0)
        return refuse(
          'LOG_FORK_DETECTED',
          `${witness.key.name} has seen another log of ${old} entries: ${text.trim()}`,
        );
      if (status !== 409 || !sizeShape.test(text))
        throw new Fault('WITNESS_UNAVAILABLE', `${witness.url} answers ${status}: ${text.slice(0, 200).trim()}`);
      old = Number(text);
    }
    throw new Fault('WITNESS_UNAVAILABLE', `${witness.url} and the log do not meet at one size`);
  };

  const kept = (tenant: string) => outsideCheckpoint(cosignedFile(dir, tenant), tenant, trust);
  const newest = async (tenant: string): Promise<Cosigned | null> => {
    const found = policy === null ? null : await kept(tenant);
    return found?.ok ? described(found.value) : null;
  };
  const described = ({ size, note }: { size: number; note: string }): Cosigned | null => {
    const cosignatures = verifyCosignatures(note, keys, verifySignature);
    if (!cosignatures.ok || cosignatures.value.length === 0) return null;
    const witnesses = cosignatures.value.map(({ name, timestamp }) => ({
      name,
      at: new Date(timestamp * 1000).toISOString(),
    }));
    return { size, note, witnesses, quorum: policy?.quorum(cosignatures.value) ?? false };
  };

  /** One checkpoint with all its cosignatures; a newer one with too few does not take the place of one with enough. */
  const keep = async (tenant: string, answers: readonly Answer[]): Promise<void> => {
    const size = Math.max(...answers.map(({ checkpoint }) => checkpoint.size));
    const same = answers.filter(({ checkpoint }) => checkpoint.size === size);
    const note = (same[0] as Answer).checkpoint.note + same.map(({ lines }) => lines).join('');
    const now = described({ size, note });
    const there = await kept(tenant);
    // A file that is not what was written there is left for a person to look at; fsck and the next start tell of it.
    if (there !== null && !there.ok) return;
    const before = there === null ? null : described(there.value);
    if (now === null || (before !== null && (before.size > size || (before.quorum && !now.quorum)))) return;
    if (before?.note === note) return;
    // crash: if we die here, the witnesses have the checkpoint and the file an older one; asking again gives their cosignatures again
    await replaceFile(cosignedFile(dir, tenant), note, 0o600);
  };

  const round = async (tenant: string): Promise<Refusal | null> => {
    const results = await Promise.all(
      asked.map((witness) =>
        ask(tenant, witness).catch((error): Refusal | Error =>
          error instanceof Breach ? refuse(error.code, error.detail) : (error as Error),
        ),
      ),
    );
    const answers = results.flatMap((one) => (one !== null && 'lines' in one ? [one] : []));
    const failed = results.filter((one) => one instanceof Error);
    try {
      if (answers.length > 0) await keep(tenant, answers);
    } catch (error) {
      failed.push(error as Error);
    }
    // Said once, until it goes well again.
    if (!stopping.signal.aborted && (failures.get(tenant) ?? 0) === 0)
      for (const error of failed)
        log.warn({ code: codeOf(error), detail: detailOf(error), tenant_id: tenant }, 'a witness does not cosign');
    retry(tenant, failed.length > 0);
    return results.find((one): one is Refusal => one !== null && 'ok' in one && !one.ok) ?? null;
  };
  const retry = (tenant: string, wanted: boolean): void => {
    clearTimeout(timers.get(tenant));
    timers.delete(tenant);
    const count = wanted ? (failures.get(tenant) ?? 0) + 1 : 0;
    failures.set(tenant, count);
    if (count === 0 || stopping.signal.aborted) return;
    const wait = backoffMs(count, { baseMs: 500, maxMs: 60_000, seed: tenant });
    timers.set(tenant, setTimeout(() => start(tenant), wait).unref());
  };
  const start = (tenant: string): void => {
    if (asked.length === 0 || stopping.signal.aborted) return;
    if (rounds.has(tenant)) return void again.add(tenant);
    void run(tenant).then(
      (refusal) => {
        if (refusal !== null) found(tenant, refusal);
      },
      (error) => log.error({ err: error, code: codeOf(error), tenant_id: tenant }, 'witnesses cannot be asked'),
    );
  };
  const run = async (tenant: string): Promise<Refusal | null> => {
    const running = rounds.get(tenant) ?? round(tenant);
    rounds.set(tenant, running);
    try {
      return await running;
    } finally {
      rounds.delete(tenant);
      if (again.delete(tenant)) start(tenant);
    }
  };

  return {
    committed: start,
    check: (tenant) => (asked.length === 0 ? Promise.resolve(null) : run(tenant)),
    newest,
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.allSettled(rounds.values());
    },
  };
}

/** The note of a checkpoint, with its cosignatures where it has some. */
export async function noteOf(
  { witnesses }: { witnesses: Pick<Witnesses, 'newest'> },
  tenant: string,
  { size, note }: StoredCheckpoint,
): Promise<string> {
  const cosigned = await witnesses.newest(tenant);
  return cosigned?.size === size ? cosigned.note : note;
}
