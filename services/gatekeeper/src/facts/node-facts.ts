import {
  dsseEnvelopeSchema,
  type GateClaim,
  type NodeReport,
  nameSchema,
  nodeLabelsSchema,
  nodeReportSchema,
  payloadTypes,
} from '@orgo/contracts';
import { fromBase64, keyIdOf, parseStrict, type ReasonCode, type TrustedKey, verifyDsse } from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';
import type { JoinFacts, ReportFacts } from '../domain/index.ts';
import type { Reads } from '../reads.ts';

/** Reads what a NODE_JOIN claim asks for; null where a part is missing or the key is no Ed25519 key. */
export function joinFacts({ detail }: GateClaim): JoinFacts {
  const instance = nameSchema.safeParse(detail.instance_id);
  const channel = nameSchema.safeParse(detail.channel);
  const key = typeof detail.public_key === 'string' ? fromBase64(detail.public_key) : undefined;
  const labels = nodeLabelsSchema.safeParse(detail.labels);
  if (!instance.success || !channel.success || !labels.success || !key?.ok || key.value.length !== 32) return null;
  return {
    instance_id: instance.data,
    channel: channel.data,
    public_key: detail.public_key as string,
    key_id: keyIdOf(key.value),
    labels: labels.data,
  };
}

/** The node a claim speaks of, or null: it is the aggregate, so it must be a name. */
export function instanceOf(claim: GateClaim): string | null {
  const name = nameSchema.safeParse(claim.detail.instance_id);
  return name.success ? name.data : null;
}

/** Verifies a node's report with the key that was enrolled for it, and looks up the release it speaks of and whether its nonce was used. */
export async function reportFacts(reads: Reads, claim: GateClaim, instance_id: string): Promise<ReportFacts> {
  const { tenant_id } = claim;
  const envelope = dsseEnvelopeSchema.safeParse(claim.detail.envelope);
  const told = envelope.success ? reportOf(envelope.data.payload) : null;
  const [node, release, nonce_used] = await Promise.all([
    reads.node(tenant_id, instance_id),
    reads.release(tenant_id, claim.build_id),
    told === null ? false : reads.nonceUsed(tenant_id, instance_id, told.nonce),
  ]);
  const facts = { instance_id, nonce_used, release };
  const refused = (code: ReasonCode): ReportFacts => ({ ...facts, signed: { ok: false, code }, report: null });
  if (!envelope.success) return refused('REPORT_MALFORMED');
  if (node === null) return refused('REPORT_NOT_ENROLLED');
  const key: TrustedKey = { keyid: node.key_id, alg: 'ed25519', public: node.public_key };
  const signed = verifyDsse(envelope.data, {
    payloadType: payloadTypes.nodeReport,
    keys: [key],
    threshold: 1,
    verify: verifySignature,
  });
  return signed.ok ? { ...facts, signed: { ok: true, key_id: node.key_id }, report: told } : refused(signed.code);
}

/** What the payload says. Read before its signature is checked only to look up its nonce; believed after. */
function reportOf(base64: string): NodeReport | null {
  const payload = fromBase64(base64, 'either');
  const json = payload.ok ? parseStrict(payload.value) : payload;
  const report = nodeReportSchema.safeParse(json.ok ? json.value : undefined);
  return report.success ? (report.data as NodeReport) : null;
}
