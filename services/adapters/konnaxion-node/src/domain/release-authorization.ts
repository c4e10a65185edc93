import { decisionSchema, type GateDecision, type Offer, payloadTypes } from '@orgo/contracts';
import { ok, type Result, refuse, type VerifySignature } from '@orgo/core';
import { verifyItemUnder } from '@orgo/core/root-history';
import { readSealed } from '@orgo/core/root-places';
import { verifySeal } from '@orgo/core/seal';
import type { Root } from '@orgo/core/trust-root';
import { codeOfSigner } from './signer-code.ts';

/** What a release's authorization is held against. `now` is the channel's time: never behind what something signed has said. */
export type ReleaseFacts = {
  tenant_id: string;
  channel: string;
  offer: Pick<Offer, 'release_id' | 'pack_id' | 'kristal_id'>;
  root: Root;
  now: string;
  verify: VerifySignature;
};

const unauthorized = (detail: string) => refuse('RELEASE_UNAUTHORIZED', detail);

/** Why a decision does not allow this offer; null where it does. */
function whyNot(decision: GateDecision, { tenant_id, channel, offer }: ReleaseFacts): string | null {
  const { kind, verdict, build_id, detail } = decision;
  if (kind !== 'RELEASE' || verdict !== 'PASS') return `it is a ${kind} ${verdict}`;
  if (decision.tenant_id !== tenant_id || detail.channel !== channel)
    return `it is for ${decision.tenant_id}/${String(detail.channel)}`;
  if (build_id !== offer.release_id) return `it is for ${build_id}`;
  return detail.pack_id === offer.pack_id && detail.kristal_id === offer.kristal_id
    ? null
    : `it is for pack ${String(detail.pack_id)}`;
}

/**
 * Whether the gatekeeper authorized this pack for this channel under this release: its RELEASE decision, signed by a key that was its own where the
 * decision stands in the tenant's log, and proved to stand there under a checkpoint of the log (RFC 9162, section 2.1.3.2). Rotation of the gatekeeper's key
 * changes nothing: what it signed below the entry that dropped the key goes on counting.
 * Refuses with `RELEASE_UNAUTHORIZED`, `TRUST_ROOT_EXPIRED`, `KEY_REVOKED` and `KEY_NOT_TRUSTED_FOR_ROLE` where that is known of the key, or as `verifyItem` and
 * `verifySeal` do.
 * @param bytes what the channel brought of it; null where it brought nothing
 */
export function judgeRelease(bytes: Uint8Array | null, facts: ReleaseFacts): Result<GateDecision> {
  const { root, verify, offer, now } = facts;
  if (bytes === null) return unauthorized(`the channel brings no authorization of ${offer.release_id}`);
  if (now >= root.expires_at)
    return refuse('TRUST_ROOT_EXPIRED', `the tenant’s trust root is over since ${root.expires_at}`);
  const sealed = readSealed(bytes);
  if (!sealed.ok) return unauthorized(sealed.detail);
  const { decision: item, seal } = sealed.value;
  const type = payloadTypes.decision;
  const signed = verifyItemUnder(item, { root, role: 'gatekeeper', type, index: seal.index, verify });
  if (!signed.ok)
    return signed.code === 'KEY_UNKNOWN' ? refuse(codeOfSigner([item.proof.key_id], root), signed.detail) : signed;
  const placed = verifySeal(seal, item.payload, { log: root.log, verify });
  if (!placed.ok) return placed;
  const decision = decisionSchema.safeParse(signed.value.payload);
  if (!decision.success) return unauthorized(decision.error.issues[0]?.message ?? 'not a decision');
  const why = whyNot(decision.data as GateDecision, facts);
  return why === null ? ok(decision.data as GateDecision) : unauthorized(why);
}
