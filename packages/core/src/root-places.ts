import { decisionSchema, payloadTypes, type SealedDecision, sealedDecisionSchema } from '@orgo/contracts';
import { verifyItem } from './batch.ts';
import { ok, type Result, refuse } from './result.ts';
import { type RootPlaces, withHistory } from './root-history.ts';
import { verifySeal } from './seal.ts';
import type { TrustedKey, VerifySignature } from './signature.ts';
import { parseStrict } from './strict-json.ts';
import type { Root } from './trust-root.ts';

const limits = { maxMembers: 10_000, maxBytes: 1_048_576 };

/** Reads a decision with its place in the log, as it lies in a file. Refuses with `DECISION_MALFORMED`; nothing of it is believed yet. */
export function readSealed(bytes: Uint8Array): Result<SealedDecision> {
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
  verify: VerifySignature,
): Result<number> {
  const [root] = roots;
  const keys: TrustedKey[] = roots.flatMap((one) => one.keysOf('gatekeeper'));
  const signed = verifyItem(item, {
    type: payloadTypes.decision,
    role: 'gatekeeper',
    tenant_id: root.tenant_id,
    keys,
    verify,
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
  const sealed = verifySeal(seal, item.payload, { log, verify });
  return sealed.ok ? ok(sealed.value.index) : sealed;
}

/** The places of the roots after the first. What is absent, or does not hold, gives a version no place, so that what it dropped counts for nothing. */
export function placesOf(
  roots: readonly Root[],
  sealOf: (version: number) => Uint8Array | undefined,
  verify: VerifySignature,
): RootPlaces {
  const places = new Map<number, number>();
  for (const { version } of roots.slice(1)) {
    const bytes = sealOf(version);
    const sealed = bytes === undefined ? undefined : readSealed(bytes);
    const later = roots.slice(version - 1) as [Root, ...Root[]];
    const place = sealed?.ok ? placeOfRoot(sealed.value, later, verify) : undefined;
    if (place?.ok) places.set(version, place.value);
  }
  return places;
}

/** The newest root of a verified chain, knowing where the entries of the ones after the first stand: see `placesOf`. */
export const newestWithPlaces = (
  roots: readonly Root[],
  sealOf: (version: number) => Uint8Array | undefined,
  verify: VerifySignature,
): Root => withHistory(roots, placesOf(roots, sealOf, verify));
