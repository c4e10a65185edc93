import { type ReceiptItem, receiptServiceOf } from '@orgo/contracts';
import { type Refusal, refuse } from '@orgo/core';
import type { IncomingRequest } from '@orgo/runtime/bus';
import { ackOf, ackOfRefusal, decodeEnvelope } from '@orgo/runtime/envelope';
import { Refused } from '@orgo/runtime/errors';
import type { Noise } from '@orgo/runtime/noise';
import { type Belief, type BelievedReceipt, verifyReceipt } from '@orgo/runtime/sealed-decision';
import type { DueAlarm } from '@orgo/store/alarms';
import type { FaultPoints } from '@orgo/store/fault-points';
import type { Incoming, ItemResult } from '@orgo/store/machine';
import type { LocalHandler } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';
import { type AlarmFired, type BuildInput, type CaseInput, casesOf, type Receipt } from './domain/index.ts';
import type { CaseItem } from './encode.ts';

/** The subject on which audit asks for receipts to be folded. */
export const receiptSubject = 'orgo.v1.*.receipt.orchestrator';

/** Nobody of a tenant without a pinned root is believed; the root may still arrive, so the sender keeps its receipt. */
const unpinned = (error: unknown): Refusal => {
  if (error instanceof Refused) return refuse(error.code, error.detail);
  throw error;
};

/** A believed receipt as its build folds it: with the signed items as they came, for the commands that rest on them. */
const receiptOf = (
  { decision: signed, authorizations, seal }: ReceiptItem,
  { decision, digest, log_index, authorizations: given }: BelievedReceipt,
): Receipt => ({
  type: 'receipt',
  tenant_id: decision.tenant_id,
  build_id: decision.build_id,
  decision,
  decision_digest: digest,
  log_index,
  authorizations: given,
  evidence: { decision: signed, authorizations, seal },
});

/**
 * Takes an envelope of receipts: verifies each, folds the good ones in one transaction and answers after its commit. A receipt that cannot be
 * believed is refused; its build is not touched.
 */
export const takeReceipts =
  (
    deps: Belief & {
      turns: Turns<BuildInput>;
      cases: Turns<CaseInput>;
      noise: Noise;
      faults: FaultPoints;
    },
  ) =>
  async (bytes: Uint8Array, { subject }: IncomingRequest): Promise<Uint8Array> => {
    const { turns, noise } = deps;
    const envelope = decodeEnvelope<ReceiptItem>('receipt', bytes, subject);
    if (!envelope.ok) {
      noise.hear(envelope.code, { tenant_id: subject, detail: envelope.detail });
      return ackOfRefusal(envelope);
    }
    const { tenant_id, items } = envelope.value;
    const results: ItemResult[] = items.map(() => ({ outcome: 'later', code: null }));
    const incoming: { at: number; item: Incoming<BuildInput> }[] = [];
    for (const [at, item] of items.entries()) {
      const receipt = await verifyReceipt(item, tenant_id, deps).catch(unpinned);
      if (receipt.ok) {
        const input = receiptOf(item, receipt.value);
        if (receiptServiceOf[input.decision.kind] === 'orchestrator')
          incoming.push({ at, item: { message_id: input.decision_digest, input, traceparent: item.traceparent } });
        else results[at] = await foldCases(deps.cases, input, item.traceparent);
      } else {
        noise.hear(receipt.code, { tenant_id, detail: receipt.detail });
        results[at] = { outcome: receipt.code === 'TRUST_ROOT_MISSING' ? 'later' : 'refused', code: receipt.code };
      }
    }
    const taken = await turns.take(incoming.map(({ item }) => item));
    for (const [n, { at }] of incoming.entries()) results[at] = taken[n] ?? { outcome: 'later', code: null };
    // crash: if we die here, audit asks again and every receipt is a duplicate
    await deps.faults.at('receipts.folded');
    return ackOf(results);
  };

/** A decision of another service's business: it opens or moves Cases, or is none of ours. */
async function foldCases(
  cases: Turns<CaseInput>,
  { tenant_id, decision, decision_digest }: Receipt,
  traceparent: string | null,
): Promise<ItemResult> {
  const results = await cases.take(
    casesOf(decision).map((case_id) => ({
      message_id: `${case_id}:${decision_digest}`,
      input: { type: 'decided', tenant_id, case_id, decision, decision_digest },
      traceparent,
    })),
  );
  return results.find(({ outcome }) => outcome === 'later') ?? { outcome: 'accepted', code: null };
}

/** Due leases, backoffs and deadlines of claims, as inputs of their builds. */
export const takeAlarms =
  (turns: Turns<BuildInput>) =>
  (rows: readonly DueAlarm[]): Promise<ItemResult[]> =>
    turns.take(
      rows.map((row) => {
        const { kind, data } = row;
        const input = {
          type: 'alarm',
          tenant_id: row.tenant_id,
          build_id: row.id,
          kind,
          ...(data as object),
        } as AlarmFired;
        return { message_id: row.message_id, input, traceparent: row.traceparent };
      }),
    );

/** Opens the Cases that builds have asked for. */
export const openCases =
  (cases: Turns<CaseInput>): LocalHandler =>
  (rows) =>
    cases.take(
      rows.map((row) => {
        const { traceparent, ...input } = JSON.parse(row.item) as CaseItem;
        return { message_id: row.message_id, input, traceparent };
      }),
    );
