import { compareText, digestHex, digestOf } from '@orgo/core';
import type { Claim, ClaimIr, ClaimObject, ClaimQualifier, Evidence } from './claim-ir.ts';

/** What makes a claim the one it is. Evidence counts by place only, so that a longer quote is not another claim. */
export type ClaimIdentity = {
  /** Digest of the snapshot's raw bytes, `sha256:…`. */
  content: string;
  subject: string;
  predicate: string;
  object: ClaimObject;
  qualifiers?: readonly ClaimQualifier[];
  evidence: readonly Evidence[];
};

/** `c:` and the first 32 hex digits of SHA-256 over the canonical identity. Stable across runs, builds and extractor restarts. */
export function claimId(identity: ClaimIdentity): string {
  const places = identity.evidence.map((e) =>
    e.offsets
      ? `${e.offsets.start_char}-${e.offsets.end_char}`
      : `${e.selector?.kind ?? ''}:${e.selector?.value ?? ''}`,
  );
  const digest = digestOf({
    content: identity.content,
    subject: identity.subject,
    predicate: identity.predicate,
    object: identity.object,
    qualifiers: identity.qualifiers ?? [],
    places: places.sort(compareText),
  });
  return `c:${digestHex(digest).slice(0, 32)}`;
}

/** Reference of a Claim-IR document: the digest of its canonical bytes. */
export function claimIrRef(doc: ClaimIr): string {
  return digestOf(doc);
}

/** A claim, and the id of the first reading of its group where it is one of several. */
export type GroupedClaim = { claim: Claim; group: string | undefined };

/**
 * Every claim of a document with its alternatives at any depth, each reading before its alternatives. Resolution answers exactly these
 * ids. A group is named by the claim at its top.
 */
export function* claimsOf(doc: { claims: readonly Claim[] }): Generator<GroupedClaim> {
  for (const claim of doc.claims) {
    const group = claim.alternatives?.length ? claim.claim_id : undefined;
    yield { claim, group };
    for (const alternative of alternativesOf(claim)) yield { claim: alternative, group };
  }
}

function* alternativesOf(claim: Claim): Generator<Claim> {
  for (const alternative of claim.alternatives ?? []) {
    yield alternative;
    yield* alternativesOf(alternative);
  }
}
