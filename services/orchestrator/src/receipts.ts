import {
  type Authorization,
  authorizationSchema,
  decisionSchema,
  type GateDecision,
  payloadTypes,
  type ReceiptItem,
  type SignedItemWire,
} from '@orgo/contracts';
import { ok, type Result, refuse, type StatementCache, type VerifiedItem } from '@orgo/core';
import { verifyItemUnder } from '@orgo/core/root-history';
import { verifySeal } from '@orgo/core/seal';
import { verifySignature } from '@orgo/runtime/signer';
import type { Root, TrustStore } from '@orgo/runtime/trust';
import type { z } from 'zod';
import type { Receipt } from './domain/index.ts';

type Checks = { root: Root; index: number; cache: StatementCache };

function verified<T>(
  item: SignedItemWire,
  type: string,
  schema: z.ZodType,
  checks: Checks,
): Result<VerifiedItem & { value: T }> {
  const { root, index, cache } = checks;
  const checked = verifyItemUnder(item, { root, role: 'gatekeeper', type, index, verify: verifySignature, cache });
  if (!checked.ok) return checked;
  const parsed = schema.safeParse(checked.value.payload);
  if (!parsed.success) return refuse('DECISION_MALFORMED', parsed.error.issues[0]?.message ?? 'not of its type');
  return ok({ ...checked.value, value: parsed.data as T });
}

/**
 * Believes a receipt or refuses it: the decision and its authorizations are signed by the tenant's gatekeeper, and the decision's text is a leaf
 * under a checkpoint of the tenant's log. Only then does the machine hear of it (GT-03, ID-06).
 * Refuses with a code of `verifyItem` or `verifySeal`, `DECISION_MALFORMED` or `TENANT_MISMATCH`.
 * @throws Fault ROOT_VERSION_UNKNOWN when the root the decision names has not arrived yet
 */
export async function verifyReceipt(
  item: ReceiptItem,
  tenant_id: string,
  believe: { trust: TrustStore; cache: StatementCache },
): Promise<Result<Receipt>> {
  const { trust, cache } = believe;
  const checks = { root: await trust.root(tenant_id), index: item.seal.index, cache };
  const decided = verified<GateDecision>(item.decision, payloadTypes.decision, decisionSchema, checks);
  if (!decided.ok) return decided;
  const decision = decided.value.value;
  if (decision.tenant_id !== tenant_id)
    return refuse('TENANT_MISMATCH', 'the decision names another tenant than its subject');
  const named = await trust.root(tenant_id, decision.root_version);
  const seal = verifySeal(item.seal, item.decision.payload, { log: named.log, verify: verifySignature, cache });
  if (!seal.ok) return seal;
  const authorizations: Receipt['authorizations'] = [];
  for (const one of item.authorizations) {
    const authorization = verified<Authorization>(one, payloadTypes.authorization, authorizationSchema, checks);
    if (!authorization.ok) return authorization;
    if (!decision.authorizations.includes(authorization.value.digest))
      return refuse('DECISION_MALFORMED', 'an authorization that the decision does not give');
    authorizations.push({ authorization: authorization.value.value, digest: authorization.value.digest });
  }
  return ok({
    type: 'receipt',
    tenant_id,
    build_id: decision.build_id,
    decision,
    decision_digest: decided.value.digest,
    log_index: seal.value.index,
    authorizations,
    evidence: { decision: item.decision, authorizations: item.authorizations, seal: item.seal },
  });
}
