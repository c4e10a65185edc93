import type { DecisionItem } from '@orgo/contracts';
import { type StatementCache, toHex } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { IncomingRequest } from '@orgo/runtime/bus';
import { ackOf, ackOfRefusal, decodeEnvelope } from '@orgo/runtime/envelope';
import { codeOf, detailOf, Fault, Refused } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { endSpan, startSpan, traceparentOf } from '@orgo/runtime/telemetry';
import type { Root, TrustStore } from '@orgo/runtime/trust';
import type { Db } from '@orgo/store/db';
import type { Lane } from '@orgo/store/lane';
import type { Incoming, ItemResult } from '@orgo/store/machine';
import { insertOutbox } from '@orgo/store/outbox';
import { receiptRow } from './encode.ts';
import type { Guard } from './guard.ts';
import { inclusionPaths } from './proofs.ts';
import type { Reads } from './reads.ts';
import type { SealIncoming } from './seal-item.ts';
import { verifyDecision } from './verified.ts';

/** The subject on which the gatekeeper asks for decisions to be sealed. */
export const decisionSubject = 'orgo.v1.*.audit.decision';

export type HandlerDeps = {
  db: Db;
  reads: Reads;
  artifacts: ArtifactStore;
  trust: TrustStore;
  cache: StatementCache;
  guard: Guard;
  log: Log;
  seals: Lane<Incoming<SealIncoming>, ItemResult>;
  nudge(): void;
};

/** Audit seals only what it can read: a receipt says that the report is there. @throws Fault GATE_EVIDENCE_MISSING, Breach HASH_MISMATCH */
async function readReport(store: ArtifactStore, { tenant_id, decision }: SealIncoming): Promise<void> {
  if (decision.report === null) return;
  try {
    await store.get(tenant_id, decision.report.ref);
  } catch (error) {
    if (error instanceof Refused)
      throw new Fault('GATE_EVIDENCE_MISSING', `the report ${decision.report.ref} cannot be read`);
    throw error;
  }
}

/**
 * Takes an envelope of decisions: each is verified, its report is read, and they are sealed under one checkpoint with whatever else waits. The
 * answer goes out after the commit. A decision sealed before is a duplicate, and its receipt is said again.
 */
export const takeDecisions =
  (deps: HandlerDeps) =>
  async (bytes: Uint8Array, { subject }: IncomingRequest): Promise<Uint8Array> => {
    const { trust, log, guard } = deps;
    const envelope = decodeEnvelope<DecisionItem>('decision', bytes, subject);
    if (!envelope.ok) {
      log.warn({ code: envelope.code, detail: envelope.detail, subject }, 'envelope refused');
      return ackOfRefusal(envelope);
    }
    const { tenant_id, items } = envelope.value;
    const halted = guard.halted(tenant_id);
    if (halted !== null) return ackOf(items.map(() => ({ outcome: 'later', code: halted })));
    const root = await trust.root(tenant_id);
    const results = await Promise.all(items.map((item) => seal(deps, item, root)));
    const again = items.filter((_, i) => results[i]?.outcome === 'duplicate');
    if (again.length > 0)
      await sayAgain(deps, again, root).catch((err) =>
        log.warn({ err, code: codeOf(err), tenant_id }, 'receipts were not said again'),
      );
    // crash: if we die here, the gatekeeper asks again and every sealed decision is a duplicate
    return ackOf(results);
  };

async function seal(deps: HandlerDeps, item: DecisionItem, root: Root): Promise<ItemResult> {
  const { tenant_id } = root;
  const span = startSpan('audit.seal', { traceparent: item.traceparent, attributes: { tenant_id } });
  try {
    const verified = verifyDecision(item, root, deps.cache);
    if (!verified.ok) {
      deps.log.warn({ code: verified.code, detail: verified.detail, tenant_id }, 'decision refused');
      endSpan(span, verified);
      return { outcome: 'refused', code: verified.code };
    }
    const { decision, digest, leaf_hash, leaf_bytes } = verified.value;
    const { build_id, stage, attempt, kind, verdict } = decision;
    span.setAttributes({ build_id, kind, verdict, ...(stage === null ? {} : { stage, attempt }) });
    const input: SealIncoming = { tenant_id, leaf_hash, leaf_bytes, item, decision, digest };
    await readReport(deps.artifacts, input);
    const [result] = await deps.seals.push([
      { message_id: `${tenant_id}:${digest}`, input, traceparent: traceparentOf(span) },
    ]);
    endSpan(span, result?.code ? { code: result.code } : undefined);
    if (result?.code) deps.log.warn({ code: result.code, outcome: result.outcome, tenant_id, build_id }, 'not sealed');
    return result ?? { outcome: 'later', code: null };
  } catch (error) {
    const code = codeOf(error);
    deps.log.error({ err: error, code, detail: detailOf(error), tenant_id }, 'cannot seal now');
    endSpan(span, error);
    return { outcome: 'later', code };
  }
}

/** Receipts of decisions that were sealed before, with their paths to the newest checkpoint. */
async function sayAgain(deps: HandlerDeps, items: readonly DecisionItem[], root: Root): Promise<void> {
  const { reads, db, cache, nudge } = deps;
  const { tenant_id } = root;
  const checkpoint = await reads.newest(tenant_id);
  if (checkpoint === null) return;
  for (const item of items) {
    const verified = verifyDecision(item, root, cache);
    const leaf = verified.ok ? await reads.leafOf(tenant_id, verified.value.digest) : null;
    if (!verified.ok || leaf === null) continue;
    const [path = []] = await inclusionPaths(reads, tenant_id, [leaf], checkpoint);
    const proof = { index: leaf.index, size: checkpoint.size, path: path.map(toHex), checkpoint: checkpoint.note };
    const { decision, digest } = verified.value;
    await db.tx((tx) => insertOutbox(tx, [receiptRow({ tenant_id, item, decision, digest }, proof, item.traceparent)]));
  }
  nudge();
}
