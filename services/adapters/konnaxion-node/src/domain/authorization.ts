import { type Offer, payloadTypes, type RollbackAuthorization, rollbackAuthorizationSchema } from '@orgo/contracts';
import { type DsseEnvelope, ok, parseStrict, type Result, refuse, type VerifySignature, verifyDsse } from '@orgo/core';
import type { Root } from '@orgo/core/trust-root';
import { codeOfSigner } from './signer-code.ts';

/** What an authorization is held against. `now` is the channel's time: never behind what something signed has said. */
export type AuthorizationFacts = {
  tenant_id: string;
  channel: string;
  offer: Pick<Offer, 'pack_id' | 'pack_seq' | 'kristal_id' | 'release_seq'>;
  /** The release that the node runs: leave that leads away from an older one was for a time that is over. */
  active_release_seq: number;
  root: Root;
  now: string;
  /** The latest time at which something may have been issued: `now`, and as much as two clocks may be apart. */
  issuedBy: string;
  verify: VerifySignature;
};

/**
 * Whether the gatekeeper allows going back to this pack (RO-26): signed by the role `gatekeeper` of the tenant's trust root, for this tenant, channel and pack, in its
 * window, and about a release that came before the offer and not before what the node runs: once given, leave does not serve again when the channel has gone on.
 * Refuses with `ROLLBACK_UNAUTHORIZED`, `ROLLBACK_AUTHORIZATION_EXPIRED`, `TRUST_ROOT_EXPIRED`, `KEY_REVOKED` and `KEY_NOT_TRUSTED_FOR_ROLE` where that is known of
 * the key, or as `verifyDsse` does.
 */
export function judgeAuthorization(envelope: DsseEnvelope, facts: AuthorizationFacts): Result<RollbackAuthorization> {
  const { root, verify, offer, now } = facts;
  if (now >= root.expires_at)
    return refuse('TRUST_ROOT_EXPIRED', `the tenant’s trust root is over since ${root.expires_at}`);
  const signed = verifyDsse(envelope, {
    payloadType: payloadTypes.rollback,
    keys: root.keysOf('gatekeeper'),
    threshold: root.threshold('gatekeeper'),
    verify,
  });
  if (!signed.ok) {
    const keyids = envelope.signatures.map(({ keyid }) => keyid);
    return signed.code === 'KEY_UNKNOWN' ? refuse(codeOfSigner(keyids, root), signed.detail) : signed;
  }
  const json = parseStrict(signed.value.payload);
  const parsed = rollbackAuthorizationSchema.safeParse(json.ok ? json.value : undefined);
  if (!parsed.success)
    return refuse('ROLLBACK_UNAUTHORIZED', parsed.error.issues[0]?.message ?? 'not an authorization');
  const { tenant_id, channel, from, to, issued_at, expires_at } = parsed.data;
  if (tenant_id !== facts.tenant_id || channel !== facts.channel)
    return refuse('ROLLBACK_UNAUTHORIZED', `it is for ${tenant_id}/${channel}`);
  if (to.pack_id !== offer.pack_id || to.pack_seq !== offer.pack_seq || to.kristal_id !== offer.kristal_id)
    return refuse('ROLLBACK_UNAUTHORIZED', `it is for pack ${to.pack_id}, number ${to.pack_seq}`);
  if (from.release_seq > offer.release_seq)
    return refuse('ROLLBACK_UNAUTHORIZED', `it is about release ${from.release_seq}, after this one`);
  if (from.release_seq < facts.active_release_seq)
    return refuse('ROLLBACK_UNAUTHORIZED', `it leads away from release ${from.release_seq}, and a later one is active`);
  if (issued_at > facts.issuedBy)
    return refuse('ROLLBACK_UNAUTHORIZED', `it is issued at ${issued_at}, which is still to come`);
  if (now >= expires_at) return refuse('ROLLBACK_AUTHORIZATION_EXPIRED', `it is over since ${expires_at}`);
  return ok(parsed.data);
}
