import { type NodeReport, nodeReportSchema, payloadTypes } from '@orgo/contracts';
import { canonicalBytes, type DsseEnvelope, pae, toBase64 } from '@orgo/core';
import type { NodeState } from './domain/state.ts';
import type { NodeConfig, NodeKey } from './folder.ts';

/** The signed, nonce-bound report about the last attempt (KS-01). DSSE over the exact bytes. */
export function signReport(
  config: NodeConfig,
  state: NodeState,
  key: NodeKey,
  nonce: string,
  reportedAt: string,
): DsseEnvelope | null {
  const last = state.last_attempt;
  if (!last) return null;
  const report: NodeReport = nodeReportSchema.parse({
    v: 1,
    tenant_id: config.tenant_id,
    instance_id: config.instance_id,
    channel: config.channel,
    nonce,
    release_id: last.target.release_id,
    release_seq: last.target.release_seq,
    pack_id: last.target.pack_id,
    attempt: { type: last.type, status: last.status, reason_code: last.reason_code },
    active_pack_id: state.active?.pack_id ?? null,
    highest_activated_seq: state.highest_activated_seq,
    health: state.active ? 'HEALTHY' : 'UNKNOWN',
    reported_at: reportedAt,
  });
  const payload = canonicalBytes(report as never);
  return {
    payloadType: payloadTypes.nodeReport,
    payload: toBase64(payload),
    signatures: [{ keyid: key.key_id, sig: toBase64(key.sign(pae(payloadTypes.nodeReport, payload))) }],
  };
}

/** Sends a report under a fresh nonce; resolves when the release service holds it durably. @throws when it does not answer so. */
export async function sendReport(
  config: NodeConfig,
  state: NodeState,
  key: NodeKey,
  reportedAt: string,
): Promise<void> {
  const base = `${config.api}/v1/tenants/${config.tenant_id}/nodes/${config.instance_id}`;
  const nonce = await fetch(`${base}/nonce`, { signal: AbortSignal.timeout(10_000) });
  if (!nonce.ok) throw new Error(`HTTP ${nonce.status} for a nonce`);
  const envelope = signReport(config, state, key, (await nonce.text()).trim(), reportedAt);
  if (!envelope) return;
  const answer = await fetch(`${base}/reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(envelope),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`HTTP ${answer.status} for a report`);
}
