import { type GateDecision, nameSchema, type ReceiptItem } from '@orgo/contracts';
import { canonicalBytes, type JsonValue } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { IncomingRequest } from '@orgo/runtime/bus';
import { ackOf, ackOfRefusal, decodeEnvelope } from '@orgo/runtime/envelope';
import type { Noise } from '@orgo/runtime/noise';
import { type Belief, type BelievedReceipt, verifyReceipt } from '@orgo/runtime/sealed-decision';
import type { FaultPoints } from '@orgo/store/fault-points';
import type { ItemResult } from '@orgo/store/machine';
import type { Turns } from '@orgo/store/turns';
import type { AfterReport } from './channel/validation.ts';
import type { ChannelInput, NodeInput, ReleaseInput, StoredFile } from './domain/index.ts';

/** The subject on which audit asks for receipts to be folded. */
export const receiptSubject = 'orgo.v1.*.receipt.release';

export type HandlerDeps = Belief & {
  releases: Turns<ReleaseInput>;
  nodes: Turns<NodeInput>;
  channels: Turns<ChannelInput>;
  afterReport: AfterReport;
  bringStraysBack: AfterReport;
  artifacts: ArtifactStore;
  noise: Noise;
  faults: FaultPoints;
};

/** The node a decision is about. */
const nodeOf = ({ detail }: GateDecision): string | null => {
  const parsed = nameSchema.safeParse(detail.instance_id);
  return parsed.success ? parsed.data : null;
};

/** Whether a node says that it went back: the last one of a rollback validates it. */
const wentBack = ({ detail }: GateDecision): boolean =>
  (detail.attempt as { type?: unknown } | undefined)?.type === 'ROLLBACK';

/** Whether a node says that it may not go back to what its channel offers. */
const isLeftBehind = ({ kind, reason_codes }: GateDecision): boolean =>
  kind === 'NODE_REPORT' && reason_codes.includes('DOWNGRADE_BLOCKED');

/** The channel a decision is about. */
const channelOf = ({ detail }: GateDecision): string | null => {
  const parsed = nameSchema.safeParse(detail.channel);
  return parsed.success ? parsed.data : null;
};

/** Which machines a decision concerns. A node's report is its node's: the release counts it in the ledger. */
const concerns: Partial<Record<GateDecision['kind'], readonly ('release' | 'node' | 'channel')[]>> = {
  RELEASE: ['release'],
  RELEASE_STEP: ['release'],
  RELEASE_CLOSE: ['release'],
  CHANNEL_CHANGE: ['channel'],
  ROLLBACK: ['channel', 'release'],
  NODE_JOIN: ['node'],
  NODE_REPORT: ['node'],
};

/** Done when every machine has it durably; refused only where no machine took it. */
const merged = (results: readonly ItemResult[]): ItemResult =>
  results.find(({ outcome }) => outcome === 'later') ??
  results.find(({ outcome }) => outcome !== 'refused') ??
  results[0] ?? { outcome: 'refused', code: 'DECISION_MALFORMED' };

/**
 * Keeps what authorizes a release as nodes will get it: the decision, and the proof of its place in the log. Null for a decision that nodes do not ask for.
 * @throws Fault ARTIFACT_STORE_UNAVAILABLE
 */
async function keepAuthorization(
  { artifacts, faults }: HandlerDeps,
  { decision: item, seal }: ReceiptItem,
  { decision }: BelievedReceipt,
): Promise<StoredFile | null> {
  if (decision.kind !== 'RELEASE' || decision.verdict !== 'PASS') return null;
  const bytes = canonicalBytes({ decision: item, seal } as unknown as JsonValue);
  await faults.at('release.beforeAuthorization');
  const kept = await artifacts.put(decision.tenant_id, 'release-authorization', 'application/json', bytes);
  // crash: if we die here a file lies in the store that nothing names; audit brings the receipt again.
  await faults.at('release.authorizationStored');
  return { ref: kept.ref, size: kept.size };
}

async function fold(deps: HandlerDeps, item: ReceiptItem, sealed: BelievedReceipt): Promise<ItemResult> {
  const { traceparent } = item;
  const { decision, digest: decision_digest, log_index, authorizations } = sealed;
  const { tenant_id, build_id: release_id } = decision;
  const instance_id = nodeOf(decision);
  const channel = channelOf(decision);
  const turns: Promise<ItemResult[]>[] = [];
  for (const machine of concerns[decision.kind] ?? []) {
    if (machine === 'release') {
      const stored = await keepAuthorization(deps, item, sealed);
      const more = { decision, decision_digest, log_index, authorizations, stored };
      const input: ReleaseInput = { type: 'receipt', tenant_id, release_id, ...more };
      turns.push(deps.releases.take([{ message_id: decision_digest, input, traceparent }]));
    } else if (machine === 'channel') {
      if (channel === null) continue;
      const input: ChannelInput = { type: 'receipt', tenant_id, channel, decision, decision_digest, log_index };
      turns.push(deps.channels.take([{ message_id: `channel:${decision_digest}`, input, traceparent }]));
    } else if (instance_id !== null) {
      const input: NodeInput = { type: 'receipt', tenant_id, instance_id, decision, decision_digest };
      turns.push(deps.nodes.take([{ message_id: `node:${decision_digest}`, input, traceparent }]));
    }
  }
  const result = merged((await Promise.all(turns)).flat());
  if (decision.kind === 'NODE_REPORT' && wentBack(decision) && channel !== null)
    await deps.afterReport(tenant_id, channel, traceparent);
  if (channel !== null && (isLeftBehind(decision) || decision.kind === 'RELEASE_CLOSE'))
    await deps.bringStraysBack(tenant_id, channel, traceparent);
  return result;
}

/** A trust root is in the log: its entry is kept beside it, where every process judges by it. Taken again it changes nothing. */
async function keepRootSeal(deps: HandlerDeps, item: ReceiptItem, { decision }: BelievedReceipt): Promise<ItemResult> {
  const { version } = decision.detail;
  if (typeof version !== 'number') return { outcome: 'refused', code: 'DECISION_MALFORMED' };
  await deps.trust.keepSeal(decision.tenant_id, version, { decision: item.decision, seal: item.seal });
  return { outcome: 'accepted', code: null };
}

/**
 * Takes an envelope of receipts: verifies each, folds the good ones and answers after their commits. A receipt that cannot be believed is
 * refused and touches nothing.
 */
export const takeReceipts =
  (deps: HandlerDeps) =>
  async (bytes: Uint8Array, { subject }: IncomingRequest): Promise<Uint8Array> => {
    const envelope = decodeEnvelope<ReceiptItem>('receipt', bytes, subject);
    if (!envelope.ok) {
      deps.noise.hear(envelope.code, { tenant_id: subject, detail: envelope.detail });
      return ackOfRefusal(envelope);
    }
    const { tenant_id, items } = envelope.value;
    const results = await Promise.all(
      items.map(async (item): Promise<ItemResult> => {
        const receipt = await verifyReceipt(item, tenant_id, deps);
        if (receipt.ok && receipt.value.decision.kind === 'TRUST_ROOT') return keepRootSeal(deps, item, receipt.value);
        if (receipt.ok) return fold(deps, item, receipt.value);
        deps.noise.hear(receipt.code, { tenant_id, detail: receipt.detail });
        return { outcome: 'refused', code: receipt.code };
      }),
    );
    // crash: if we die here, audit asks again and every receipt is a duplicate
    await deps.faults.at('release.folded');
    return ackOf(results);
  };
