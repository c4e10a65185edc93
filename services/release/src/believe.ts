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
import { verifySignature } from '@orgo/runtime/signer';
import type { Root, TrustStore } from '@orgo/runtime/trust';
import type { z } from 'zod';

/** A decision that the tenant's gatekeeper signed and its log holds. */
export type Believed = { decision: GateDecision; decision_digest: Digest; log_index: number };
export type Authorized = { authorization: Authorization; digest: Digest };

/** What believing needs: the pinned trust, and what was verified before. */
export type Belief = { trust: TrustStore; cache: StatementCache };

function verified<T>(
  item: SignedItemWire,
  type: string,
  schema: z.ZodType,
  checks: { root: Root; index: number; cache: StatementCache },
): Result<VerifiedItem & { value: T }> {
  const { root, index, cache } = checks;
  const checked = verifyItemUnder(item, { root, role: 'gatekeeper', type, index, verify: verifySignature, cache });
  if (!checked.ok) return checked;
  const parsed = schema.safeParse(checked.value.payload);
  if (!parsed.success) return refuse('DECISION_MALFORMED', parsed.error.issues[0]?.message ?? 'not of its type');
  return ok({ ...checked.value, value: parsed.data as T });
}

/**
 * Believes a sealed decision or refuses it: signed by the tenant's gatekeeper, and its text is a leaf under a checkpoint of the tenant's log.
 * Refuses with a code of `verifyItem` or `verifySeal`, `DECISION_MALFORMED` or `TENANT_MISMATCH`.
 * @throws Fault ROOT_VERSION_UNKNOWN when the root the decision names has not arrived yet
 */
export async function believe(
  { decision: item, seal }: SealedDecision,
  tenant_id: string,
  { trust, cache }: Belief,
): Promise<Result<Believed>> {
  const checks = { root: await trust.root(tenant_id), index: seal.index, cache };
  const decided = verified<GateDecision>(item, payloadTypes.decision, decisionSchema, checks);
  if (!decided.ok) return decided;
  const decision = decided.value.value;
  if (decision.tenant_id !== tenant_id) return refuse('TENANT_MISMATCH', 'the decision names another tenant');
  const named = await trust.root(tenant_id, decision.root_version);
  const sealed = verifySeal(seal, item.payload, { log: named.log, verify: verifySignature, cache });
  if (!sealed.ok) return sealed;
  return ok({ decision, decision_digest: decided.value.digest, log_index: sealed.value.index });
}

/** Believes a receipt: its decision as `believe` does, and each of its authorizations by the gatekeeper's signature. */
export async function believeReceipt(
  item: ReceiptItem,
  tenant_id: string,
  belief: Belief,
): Promise<Result<Believed & { authorizations: Authorized[] }>> {
  const believed = await believe(item, tenant_id, belief);
  if (!believed.ok) return believed;
  const checks = { root: await belief.trust.root(tenant_id), index: item.seal.index, cache: belief.cache };
  const authorizations: Authorized[] = [];
  for (const one of item.authorizations) {
    const authorization = verified<Authorization>(one, payloadTypes.authorization, authorizationSchema, checks);
    if (!authorization.ok) return authorization;
    if (!believed.value.decision.authorizations.includes(authorization.value.digest))
      return refuse('DECISION_MALFORMED', 'an authorization that the decision does not give');
    authorizations.push({ authorization: authorization.value.value, digest: authorization.value.digest });
  }
  return ok({ ...believed.value, authorizations });
}
