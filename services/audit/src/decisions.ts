import {
  authorizationSchema,
  type DecisionItem,
  type Digest,
  decisionSchema,
  type GateDecision,
  payloadTypes,
  type SignedItemWire,
} from '@orgo/contracts';
import {
  ok,
  type Result,
  refuse,
  type StatementCache,
  type TrustedKey,
  type VerifiedItem,
  verifyItem,
} from '@orgo/core';
import type { Belief } from '@orgo/runtime/sealed-decision';
import { verifySignature } from '@orgo/runtime/signer';
import type { Root } from '@orgo/runtime/trust';

/** A decision that may be sealed: it is the gatekeeper's, and it came with exactly the authorizations it gives. */
export type VerifiedDecision = { item: DecisionItem; decision: GateDecision; digest: Digest; bytes: Uint8Array };

type Expect = { tenant_id: string; keys: readonly TrustedKey[]; cache: StatementCache };

/** What is wrong with the bytes, as opposed to who signed them. */
const isOfContent = (code: string): boolean => code.startsWith('JSON_') || code === 'PAYLOAD_TYPE_MISMATCH';

function verified(item: SignedItemWire, type: string, { tenant_id, keys, cache }: Expect): Result<VerifiedItem> {
  const checked = verifyItem(item, { type, role: 'gatekeeper', tenant_id, keys, verify: verifySignature, cache });
  if (checked.ok || checked.code === 'TENANT_MISMATCH') return checked;
  const code = isOfContent(checked.code) ? 'DECISION_MALFORMED' : 'DECISION_SIGNER_UNTRUSTED';
  return refuse(code, `${checked.code}: ${checked.detail}`);
}

function authorizationsHold(item: DecisionItem, decision: GateDecision, expect: Expect): Result<true> {
  const given = new Set<string>();
  for (const one of item.authorizations) {
    const checked = verified(one, payloadTypes.authorization, expect);
    if (!checked.ok) return checked;
    if (!authorizationSchema.safeParse(checked.value.payload).success)
      return refuse('DECISION_MALFORMED', 'an authorization does not parse');
    given.add(checked.value.digest);
  }
  const same =
    given.size === decision.authorizations.length &&
    item.authorizations.length === given.size &&
    decision.authorizations.every((digest) => given.has(digest));
  return same ? ok(true) : refuse('DECISION_MALFORMED', 'the authorizations are not those the decision gives');
}

/** A key that the root of a decision listed and a later root dropped signs nothing any more. */
const stillTrusted = (named: Root, newest: Root): readonly TrustedKey[] => {
  const current = new Set(newest.keysOf('gatekeeper').map((key) => `${key.alg} ${key.public}`));
  return named.keysOf('gatekeeper').filter((key) => current.has(`${key.alg} ${key.public}`));
};

/**
 * Believes a decision or refuses it: signed by the tenant's gatekeeper under the root version it names and still by the newest, about this
 * tenant, with its authorizations. Refuses with `DECISION_SIGNER_UNTRUSTED`, `DECISION_MALFORMED` or `TENANT_MISMATCH`.
 * @throws Fault ROOT_VERSION_UNKNOWN when the root it names has not arrived yet
 */
export async function verifyDecision(
  item: DecisionItem,
  tenant_id: string,
  { trust, cache }: Belief,
): Promise<Result<VerifiedDecision>> {
  const newest = await trust.root(tenant_id);
  const checked = verified(item.decision, payloadTypes.decision, {
    tenant_id,
    keys: newest.keysOf('gatekeeper'),
    cache,
  });
  if (!checked.ok) {
    const { key_id } = item.decision.proof;
    const wasOurs = checked.code === 'DECISION_SIGNER_UNTRUSTED' && newest.history?.dropped('gatekeeper', key_id);
    return wasOurs ? refuse('KEY_REVOKED', `${key_id} was dropped by a root up to version ${newest.version}`) : checked;
  }
  const parsed = decisionSchema.safeParse(checked.value.payload);
  if (!parsed.success)
    return refuse('DECISION_MALFORMED', parsed.error.issues[0]?.message ?? 'the decision does not parse');
  const decision = parsed.data as GateDecision;
  if (decision.tenant_id !== tenant_id) return refuse('TENANT_MISMATCH', 'the decision names another tenant');
  const named = await trust.root(tenant_id, decision.root_version);
  const keys = stillTrusted(named, newest);
  if (!keys.some((key) => key.keyid === checked.value.key_id))
    return refuse(
      'DECISION_SIGNER_UNTRUSTED',
      `root version ${named.version} does not list the key for the gatekeeper`,
    );
  const authorizations = authorizationsHold(item, decision, { tenant_id, keys, cache });
  if (!authorizations.ok) return authorizations;
  return ok({ item, decision, digest: checked.value.digest, bytes: checked.value.bytes });
}
