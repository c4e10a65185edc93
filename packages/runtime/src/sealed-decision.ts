import {
  type Authorization,
  authorizationSchema,
  type Digest,
  decisionSchema,
  type GateDecision,
  payloadTypes,
  type ReceiptItem,
  type SealedDecision,
  type SignedItemWire,
} from '@orgo/contracts';
import { ok, type Result, refuse, type StatementCache, type VerifiedItem } from '@orgo/core';
import { verifyItemUnder } from '@orgo/core/root-history';
import { verifySeal } from '@orgo/core/seal';
import type { z } from 'zod';
import { verifySignature } from './signer.ts';
import type { Root, TrustStore } from './trust.ts';

/** What signatures are judged by: the roots this process believes, and the batch statements and checkpoints it has already checked. */
export type Belief = { trust: TrustStore; cache: StatementCache };

/** A decision that the tenant's gatekeeper signed, with that key, and that stands at this index of the tenant's log. */
export type BelievedDecision = { decision: GateDecision; digest: Digest; key_id: string; log_index: number };

/** A verified decision with the authorizations it gives. */
export type BelievedReceipt = BelievedDecision & { authorizations: { authorization: Authorization; digest: Digest }[] };

/** A payload of the gatekeeper's, signed by a key that counts at this index of the log. */
function verified<T>(
  item: SignedItemWire,
  expect: { type: string; schema: z.ZodType; root: Root; index: number; cache: StatementCache },
): Result<VerifiedItem & { value: T }> {
  const { type, schema, root, index, cache } = expect;
  const signed = verifyItemUnder(item, { root, role: 'gatekeeper', type, index, verify: verifySignature, cache });
  if (!signed.ok) return signed;
  const parsed = schema.safeParse(signed.value.payload);
  if (!parsed.success) return refuse('DECISION_MALFORMED', parsed.error.issues[0]?.message ?? 'not of its type');
  return ok({ ...signed.value, value: parsed.data as T });
}

/**
 * Believes a sealed decision of this tenant or refuses it: signed by the tenant's gatekeeper with a key that counts at its place, and its text is a
 * leaf under a checkpoint by a log key of the newest root: a key that was dropped since vouches for nothing any more, and entries of any age are proven
 * under checkpoints of today. Only then does a machine hear of it (GT-03, ID-06).
 * Refuses with a code of `verifyItemUnder` or `verifySeal`, `DECISION_MALFORMED` or `TENANT_MISMATCH`.
 * @throws Fault ROOT_VERSION_UNKNOWN when the root the decision names has not arrived yet; whatever else `TrustStore.root` throws
 */
export async function verifySealedDecision(
  { decision: item, seal }: SealedDecision,
  tenant_id: string,
  { trust, cache }: Belief,
): Promise<Result<BelievedDecision>> {
  const root = await trust.root(tenant_id);
  const signed = verified<GateDecision>(item, {
    type: payloadTypes.decision,
    schema: decisionSchema,
    root,
    index: seal.index,
    cache,
  });
  if (!signed.ok) return signed;
  const { value: decision, digest, key_id } = signed.value;
  if (decision.tenant_id !== tenant_id) return refuse('TENANT_MISMATCH', 'the decision names another tenant');
  const { log } =
    decision.root_version <= root.version
      ? root
      : await trust.root(tenant_id, decision.root_version).then(() => trust.root(tenant_id));
  const sealed = verifySeal(seal, item.payload, { log, verify: verifySignature, cache });
  return sealed.ok ? ok({ decision, digest, key_id, log_index: sealed.value.index }) : sealed;
}

/**
 * Believes a receipt or refuses it: its decision as `verifySealedDecision` does, and each of its authorizations by the gatekeeper's signature.
 * Refuses and throws as that does, and with `DECISION_MALFORMED` for an authorization that the decision does not give.
 */
export async function verifyReceipt(
  item: ReceiptItem,
  tenant_id: string,
  belief: Belief,
): Promise<Result<BelievedReceipt>> {
  const sealed = await verifySealedDecision(item, tenant_id, belief);
  if (!sealed.ok) return sealed;
  const root = await belief.trust.root(tenant_id);
  const authorizations: BelievedReceipt['authorizations'] = [];
  for (const one of item.authorizations) {
    const signed = verified<Authorization>(one, {
      type: payloadTypes.authorization,
      schema: authorizationSchema,
      root,
      index: item.seal.index,
      cache: belief.cache,
    });
    if (!signed.ok) return signed;
    const { value: authorization, digest } = signed.value;
    if (!sealed.value.decision.authorizations.includes(digest))
      return refuse('DECISION_MALFORMED', 'an authorization that the decision does not give');
    authorizations.push({ authorization, digest });
  }
  return ok({ ...sealed.value, authorizations });
}
