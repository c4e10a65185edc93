import { decisionSchema, payloadTypes, type SealedDecision, sealedDecisionSchema } from '@orgo/contracts';
import { ok, parseStrict, type Result, refuse, type SignedItem, type TrustedKey, verifyItem } from '@orgo/core';
import { withHistory } from '@orgo/core/root-history';
import type { Root } from '@orgo/core/trust-root';
import { verifySeal } from './seal.ts';
import { verifySignature } from './signer.ts';

const limits = { maxMembers: 10_000, maxBytes: 1_048_576 };

/** Reads what lies beside a root: its entry in the log. */
export function readRootSeal(bytes: Uint8Array): Result<SealedDecision> {
  const json = parseStrict(bytes, limits);
  const parsed = sealedDecisionSchema.safeParse(json.ok ? json.value : undefined);
  return parsed.success ? ok(parsed.data) : refuse('DECISION_MALFORMED', 'no sealed decision');
}

/**
 * Where the entry of a root version stands in the tenant's log: a decision about just this root, by a gatekeeper's key that this version or a
 * later one lists (never one that it dropped), as a leaf under a checkpoint by a key of theirs for the log. `roots` begin with that version.
 * Refuses with a code of `verifyItem` or `verifySeal`, or `DECISION_MALFORMED` where it is about something else.
 */
export function placeOfRoot(
  { decision: item, seal }: SealedDecision,
  roots: readonly [Root, ...Root[]],
): Result<number> {
  const [root] = roots;
  const keys: TrustedKey[] = roots.flatMap((one) => one.keysOf('gatekeeper'));
  const signed = verifyItem(item as SignedItem, {
    type: payloadTypes.decision,
    role: 'gatekeeper',
    tenant_id: root.tenant_id,
    keys,
    verify: verifySignature,
  });
  if (!signed.ok) return signed;
  const decision = decisionSchema.safeParse(signed.value.payload);
  const isAboutIt =
    decision.success &&
    decision.data.kind === 'TRUST_ROOT' &&
    decision.data.verdict === 'PASS' &&
    decision.data.detail.version === root.version &&
    decision.data.detail.root_digest === root.digest;
  if (!isAboutIt) return refuse('DECISION_MALFORMED', `not about root version ${root.version}`);
  const log = { ...root.log, keys: roots.flatMap((one) => one.log.keys) };
  const sealed = verifySeal(seal, item.payload, { log, verify: verifySignature });
  return sealed.ok ? ok(sealed.value.index) : sealed;
}

/**
 * The newest root of a verified chain, knowing where the entries of the ones after the first stand. `sealOf` gives what lies beside a version; what is absent
 * or does not hold gives it no place, so that what it dropped counts for nothing.
 */
export function newestWithPlaces(roots: readonly Root[], sealOf: (version: number) => Uint8Array | undefined): Root {
  const places = new Map<number, number>();
  for (const { version } of roots.slice(1)) {
    const bytes = sealOf(version);
    const sealed = bytes === undefined ? undefined : readRootSeal(bytes);
    const place = sealed?.ok ? placeOfRoot(sealed.value, roots.slice(version - 1) as [Root, ...Root[]]) : undefined;
    if (place?.ok) places.set(version, place.value);
  }
  return withHistory(roots, places);
}
