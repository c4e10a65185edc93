import type { JsonValue } from '@orgo/core';
import type { Claim, ClaimIr } from '../claim-ir.ts';
import type { ClaimIrBatch } from '../claim-ir-batch.ts';
import type { PinnedContext } from '../context.ts';
import type { GazetteerEntity, GazetteerProperty, ResolutionHint } from '../gazetteer.ts';
import type { ResolvedClaim, ResolvedClaimIr } from '../resolved.ts';
import type { ResolutionRun, ResolvedBatch } from '../resolved-batch.ts';
import type { SnapshotSet } from '../snapshot.ts';
import type { SnapshotText } from '../snapshot-text.ts';

/** Where and why JSON does not match its schema. */
export type SchemaProblem = { path: string; message: string };

/** An input as it stands: its reference, its JSON, and the parsed form where it matches its schema. */
export type Judged<T> = { ref: string; raw: JsonValue; value: T | undefined; problem: SchemaProblem | undefined };

/** JSON Lines as they stand; `ref` of a line is the digest of its canonical text. `problem` is set where the bytes are not JSON Lines. */
export type JudgedLines<T> = { ref: string; lines: readonly Judged<T>[]; problem: SchemaProblem | undefined };

/** A snapshot's text, and its JSON where its media type says so. */
export type SnapshotContent = { text: SnapshotText; json: JsonValue | undefined };

/** A resolved claim with the claim it answers, found by `claim_id`; `original` is undefined for an invented one. */
export type JudgedClaim = {
  document: JudgedDocument;
  pointer: string;
  claim: ResolvedClaim;
  original: Claim | undefined;
};

/** A Claim-IR document and the resolution on the same line, where both match their schemas. */
export type JudgedDocument = {
  index: number;
  doc_id: string;
  claimIr: ClaimIr;
  resolved: ResolvedClaimIr;
  /** Every claim of the Claim-IR, alternatives at any depth included, by id. */
  originals: ReadonlyMap<string, Claim>;
  claims: readonly JudgedClaim[];
};

/** Everything the rules look at. Nothing in it is a clock, a store or a setting of the process. */
export type ValidationFacts = {
  context: { ref: string; value: PinnedContext };
  snapshots: { ref: string; value: SnapshotSet };
  claimBatch: Judged<ClaimIrBatch>;
  claimLines: JudgedLines<ClaimIr>;
  resolvedBatch: Judged<ResolvedBatch>;
  resolvedLines: JudgedLines<ResolvedClaimIr>;
  run: Judged<ResolutionRun>;
  /** Every snapshot's content, by source id: ingest admits no two of one source. */
  contents: ReadonlyMap<string, SnapshotContent>;
  entities: ReadonlyMap<string, GazetteerEntity>;
  properties: ReadonlyMap<string, GazetteerProperty>;
  hints: readonly ResolutionHint[];
  documents: readonly JudgedDocument[];
};

/** All claims of all documents, in line order. */
export function* claimsIn(facts: ValidationFacts): Generator<JudgedClaim> {
  for (const document of facts.documents) yield* document.claims;
}

/** The claims of a Claim-IR document with their alternatives, however deep. */
export function* originalClaims(
  claims: readonly Claim[],
  pointer: string,
): Generator<{ claim: Claim; pointer: string }> {
  for (const [i, claim] of claims.entries()) {
    yield { claim, pointer: `${pointer}/${i}` };
    if (claim.alternatives) yield* originalClaims(claim.alternatives, `${pointer}/${i}/alternatives`);
  }
}

/** Joins the parsed lines of both sides by their number, and their claims by id. */
export function joinDocuments(
  claimLines: JudgedLines<ClaimIr>,
  resolvedLines: JudgedLines<ResolvedClaimIr>,
): JudgedDocument[] {
  return resolvedLines.lines.flatMap((line, index) => {
    const claimIr = claimLines.lines[index]?.value;
    return line.value && claimIr ? [joinDocument(index, claimIr, line.value)] : [];
  });
}

function joinDocument(index: number, claimIr: ClaimIr, resolved: ResolvedClaimIr): JudgedDocument {
  const originals = new Map<string, Claim>();
  for (const { claim } of originalClaims(claimIr.claims, '')) {
    if (!originals.has(claim.claim_id)) originals.set(claim.claim_id, claim);
  }
  const claims: JudgedClaim[] = [];
  const document: JudgedDocument = {
    index,
    doc_id: claimIr.document?.doc_id ?? claimIr.document?.source_id ?? '',
    claimIr,
    resolved,
    originals,
    claims,
  };
  for (const [i, claim] of resolved.claims.entries()) {
    const pointer = `/resolved/${index}/claims/${i}`;
    claims.push({ document, pointer, claim, original: originals.get(claim.claim_id) });
  }
  return document;
}
