import {
  hex64Schema,
  isReasonCode,
  type NodeReport,
  nodeReportSchema,
  payloadTypes,
  type ReasonCode,
} from '@orgo/contracts';
import { canonicalBytes, type DsseEnvelope, pae, parseStrict, toBase64 } from '@orgo/core';
import type { NodeState } from './domain/state.ts';
import type { NodeConfig, NodeKey } from './folder.ts';
import { NodeError, noAnswer } from './node-error.ts';

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
    index_seq: 0,
    release_id: last.target.release_id,
    release_seq: last.target.release_seq,
    pack_seq: last.target.release_seq,
    pack_id: last.target.pack_id,
    attempt: { type: last.type, status: last.status, reason_code: last.reason_code },
    active_pack_id: state.active?.pack_id ?? null,
    last_known_good: state.last_known_good?.pack_id ?? null,
    highest_activated_seq: state.highest_activated_seq,
    highest_seen_seq: state.highest_seen_seq,
    health: state.active ? 'HEALTHY' : 'UNKNOWN',
    metrics: [],
    reported_at: reportedAt,
  });
  const payload = canonicalBytes(report as never);
  return {
    payloadType: payloadTypes.nodeReport,
    payload: toBase64(payload),
    signatures: [{ keyid: key.key_id, sig: toBase64(key.sign(pae(payloadTypes.nodeReport, payload))) }],
  };
}

/**
 * Sends a report under a fresh nonce; resolves when the release service holds it durably.
 * @throws NodeError with the code of the answer that refuses it, or SERVICE_UNAVAILABLE: it is not on record
 */
export async function sendReport(
  config: NodeConfig,
  state: NodeState,
  key: NodeKey,
  reportedAt: string,
  signal?: AbortSignal,
): Promise<void> {
  const base = `${config.api}/v1/tenants/${config.tenant_id}/nodes/${config.instance_id}`;
  const nonce = hex64Schema.safeParse((await ask('nonce', `${base}/nonce`, signal)).trim());
  if (!nonce.success) throw new NodeError('SERVICE_UNAVAILABLE', `${base}/nonce gave no nonce`);
  const envelope = signReport(config, state, key, nonce.data, reportedAt);
  if (!envelope) return;
  await ask('report', `${base}/reports`, signal, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(envelope),
  });
}

async function ask(what: string, url: string, signal?: AbortSignal, init: RequestInit = {}): Promise<string> {
  try {
    const timeout = AbortSignal.timeout(10_000);
    const answer = await fetch(url, { ...init, signal: signal ? AbortSignal.any([timeout, signal]) : timeout });
    const text = await answer.text();
    if (answer.ok) return text;
    throw new NodeError(codeOfProblem(text), `${what}: HTTP ${answer.status} from ${url}`);
  } catch (error) {
    throw noAnswer(what, error);
  }
}

/** The reason code of a problem document (RFC 9457); for any other answer there was none. */
function codeOfProblem(text: string): ReasonCode {
  const json = parseStrict(text);
  const problem = json.ok ? (json.value as { code?: unknown } | null) : null;
  return typeof problem?.code === 'string' && isReasonCode(problem.code) ? problem.code : 'SERVICE_UNAVAILABLE';
}
