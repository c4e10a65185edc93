import { leafHash, toHex } from '@orgo/core';
import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { endSpan, startSpan, traceparentOf } from '@orgo/runtime/telemetry';
import type { Db } from '@orgo/store/db';
import { createLane, type Lane } from '@orgo/store/lane';
import type { ItemResult } from '@orgo/store/machine';
import { type TransactOptions, transact } from '@orgo/store/transact';
import pg from 'pg';
import type { VerifiedDecision } from './decisions.ts';
import { type SealDeps, type SignedHead, sealBatch } from './encode.ts';
import { createOrder } from './order.ts';
import type { PutOff } from './put-off.ts';
import { logMachine } from './repo.ts';

/** The one way into the logs. Decisions of a tenant that come while its last batch commits share the next checkpoint. */
export type Sealing = {
  /** One result per decision, in order, after the commit. */
  take(tenant: string, decisions: readonly VerifiedDecision[]): Promise<ItemResult[]>;
  idle(): Promise<void>;
};

export type SealingDeps = SealDeps & {
  db: Db;
  log: Log;
  putOff: PutOff;
  max: number;
  options: Pick<TransactOptions<unknown, unknown, unknown>, 'nudge' | 'faults'> & {
    report(error: unknown, messageIds: readonly string[]): void;
  };
};

type Traced = { decided: VerifiedDecision; traceparent: string | null };

/** The entry is there although its inbox row is not: it was sealed, and the outbox has, or had, its receipt. */
const isSealed = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.constraint === 'log_leaf_decision_key';

/** A lane per tenant: a tenant whose log cannot be signed now puts off no other. */
export function createSealing(deps: SealingDeps): Sealing {
  const { db, max, options, guard, log, putOff } = deps;
  const order = createOrder(db);
  const lanes = new Map<string, Lane<Traced, ItemResult>>();

  /** What comes before a decision that it rests on is put off, and sealed when it is asked for again. */
  const inOrder = async (tenant: string, batch: readonly Traced[]): Promise<ItemResult[]> => {
    const off = await guard.check(tenant);
    if (off !== null) return batch.map(() => ({ outcome: 'later', code: off.code }));
    const decisions = batch.map(({ decided }) => decided);
    const lacking = await order.lacking(tenant, decisions).catch((error) => {
      log.warn({ err: error, code: codeOf(error), tenant_id: tenant }, 'nobody knows what is sealed already');
      return codeOf(error);
    });
    if (typeof lacking === 'string') return batch.map(() => ({ outcome: 'later', code: lacking }));
    const sealed = await seal(
      tenant,
      batch.filter((_, at) => lacking[at] === null),
    );
    let at = 0;
    return decisions.map(({ digest, decision: { build_id } }, n): ItemResult => {
      const ref = lacking[n];
      if (ref === null || ref === undefined) return sealed[at++] ?? { outcome: 'later', code: null };
      putOff.again({ tenant_id: tenant, build_id, digest, ref }, 'DECISION_OUT_OF_ORDER', { breach: false });
      return { outcome: 'later', code: 'DECISION_OUT_OF_ORDER' };
    });
  };
  const seal = async (tenant: string, batch: readonly Traced[]): Promise<ItemResult[]> => {
    if (batch.length === 0) return [];
    const decisions = new Map<string, VerifiedDecision>(batch.map(({ decided }) => [decided.digest, decided]));
    const heads = new Map<string, SignedHead>();
    const sealed = new Set<string>();
    const incoming = batch.map(({ decided, traceparent }) => ({
      message_id: decided.digest,
      input: { tenant_id: tenant, leaf_hash: toHex(leafHash(decided.bytes)), leaf_bytes: decided.bytes.length },
      traceparent,
    }));
    const results = await transact(db, logMachine, incoming, {
      ...options,
      encode: sealBatch(deps, decisions, (digest, head) => heads.set(digest, head)),
      report(error, ids) {
        if (!isSealed(error)) return options.report(error, ids);
        for (const id of ids) sealed.add(id);
      },
    });
    const committed = batch.flatMap(({ decided }, at) => {
      const head = results[at]?.outcome === 'accepted' ? heads.get(decided.digest) : undefined;
      return head === undefined ? [] : [head];
    });
    const last = committed.at(-1);
    // crash: if we die here, entries and receipts are durable and the checkpoint outside is an older one
    await options.faults?.at('audit.sealed');
    if (last !== undefined) guard.committed(tenant, last);
    const told = results.map(
      (result, at): ItemResult =>
        sealed.has(batch[at]?.decided.digest ?? '') ? { outcome: 'duplicate', code: null } : result,
    );
    const there = batch.filter((_, at) => told[at]?.outcome === 'accepted' || told[at]?.outcome === 'duplicate');
    order.sealed(
      tenant,
      there.map(({ decided }) => decided.digest),
    );
    return told;
  };
  const laneOf = (tenant: string): Lane<Traced, ItemResult> => {
    let lane = lanes.get(tenant);
    if (lane === undefined) {
      lane = createLane((batch: Traced[]) => inOrder(tenant, batch), { max });
      lanes.set(tenant, lane);
    }
    return lane;
  };

  return {
    async take(tenant, decisions) {
      if (decisions.length === 0) return [];
      const spans = decisions.map(({ item, decision: { build_id, stage, attempt, kind } }) =>
        startSpan('audit.seal', {
          traceparent: item.traceparent,
          attributes: { tenant_id: tenant, build_id, kind, ...(stage === null ? {} : { stage, attempt }) },
        }),
      );
      const traced = decisions.map((decided, at) => ({
        decided,
        traceparent: traceparentOf(spans[at] as (typeof spans)[number]),
      }));
      try {
        const results = await laneOf(tenant).push(traced);
        for (const [at, span] of spans.entries())
          endSpan(span, results[at]?.code ? { code: results[at].code } : undefined);
        return results;
      } catch (error) {
        for (const span of spans) endSpan(span, error);
        throw error;
      }
    },
    async idle() {
      await Promise.all([...lanes.values()].map((lane) => lane.idle()));
    },
  };
}
