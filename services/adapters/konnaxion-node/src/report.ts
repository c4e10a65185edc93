import {
  hex64Schema,
  isReasonCode,
  type NodeReport,
  nodeReportSchema,
  payloadTypes,
  type ReasonCode,
} from '@orgo/contracts';
import { canonicalBytes, type DsseEnvelope, pae, parseStrict, toBase64 } from '@orgo/core';
import type { Attempt } from './domain/state.ts';
import type { NodeConfig, NodeKey } from './folder.ts';
import type { NodeContext } from './node-context.ts';
import { NodeError, noAnswer } from './node-error.ts';
import type { NodeWorld } from './world.ts';

/** A signed, nonce-bound report about an attempt (KS-01). DSSE over the exact bytes. */
export function signReport(config: NodeConfig, attempt: Attempt, key: NodeKey, nonce: string): DsseEnvelope {
  const { offer, type, status, reason_code, number: _number, reported: _reported, at, ...said } = attempt;
  const { release_id, release_seq, pack_seq, pack_id } = offer;
  const report: NodeReport = nodeReportSchema.parse({
    v: 1,
    tenant_id: config.tenant_id,
    instance_id: config.instance_id,
    channel: config.channel,
    nonce,
    release_id,
    release_seq,
    pack_seq,
    pack_id,
    attempt: { type, status, reason_code },
    ...said,
    reported_at: at,
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
  { config, key, world, signal }: Pick<NodeContext, 'config' | 'key' | 'world' | 'signal'>,
  attempt: Attempt,
): Promise<void> {
  const base = `${config.api}/v1/tenants/${config.tenant_id}/nodes/${config.instance_id}`;
  const nonce = hex64Schema.safeParse((await ask(world, 'nonce', `${base}/nonce`, signal)).trim());
  if (!nonce.success) throw new NodeError('SERVICE_UNAVAILABLE', `${base}/nonce gave no nonce`);
  const envelope = signReport(config, attempt, key, nonce.data);
  await ask(world, 'report', `${base}/reports`, signal, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(envelope),
  });
}

async function ask(
  { fetch }: Pick<NodeWorld, 'fetch'>,
  what: string,
  url: string,
  signal?: AbortSignal,
  init: RequestInit = {},
): Promise<string> {
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
