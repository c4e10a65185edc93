import { canonical, compareText } from '@orgo/core';
import {
  type Claim,
  type ClaimIr,
  compareIds,
  type ExchangeStatement,
  type Qualifier,
  type ResolvedClaim,
  type ResolvedClaimIr,
  type StatementClaim,
  type StatementContent,
  sortQualifiers,
  statementId,
  type UnresolvedClaim,
} from '@orgo/kristal';
import type { EvidenceIndex } from './evidence.ts';
import { dataValueOf, openRefOf, openValueOf } from './values.ts';

/** Statements by their subject, and the claims that became none. */
export type Compiled = {
  statements: ReadonlyMap<string, ExchangeStatement[]>;
  unresolved: UnresolvedClaim[];
  merged: number;
};

type Document = { claimIr: ClaimIr; resolved: ResolvedClaimIr };
type Draft = { content: StatementContent; claims: StatementClaim[] };

/**
 * Turns resolved claims into statements. Claims with equal subject, property, value and qualifiers are one statement with the union of their
 * evidence; a claim of which any part is open becomes no statement and keeps its candidates.
 */
export function compileStatements(documents: readonly Document[], evidence: EvidenceIndex): Compiled {
  const drafts = new Map<string, Draft>();
  const unresolved: UnresolvedClaim[] = [];
  let merged = 0;
  for (const { claimIr, resolved } of documents) {
    const originals = originalsOf(claimIr.claims);
    for (const claim of resolved.claims) {
      const evidence_ids = evidence.add(originals.get(claim.claim_id)?.evidence ?? claim.evidence ?? []);
      const content = contentOf(resolved, claim);
      if (content === undefined) {
        unresolved.push(unresolvedOf(resolved, claim, evidence_ids));
        continue;
      }
      const key = canonical(content);
      const known = drafts.get(key);
      if (known) merged++;
      else drafts.set(key, { content, claims: [] });
      (drafts.get(key) as Draft).claims.push(statementClaimOf(claim, evidence_ids));
    }
  }
  const statements = Map.groupBy(drafts.values(), (draft) => draft.content.subject);
  return {
    statements: new Map(
      [...statements].map(([subject, list]) => [subject, list.map(statementOf).sort(compareStatements)]),
    ),
    unresolved: unresolved.sort((a, b) => compareText(a.claim_id, b.claim_id)),
    merged,
  };
}

/** Claims by id, alternatives included: they alone carry selectors. */
function originalsOf(claims: readonly Claim[], into = new Map<string, Claim>()): ReadonlyMap<string, Claim> {
  for (const claim of claims) {
    into.set(claim.claim_id, claim);
    if (claim.alternatives) originalsOf(claim.alternatives, into);
  }
  return into;
}

function contentOf({ subject }: ResolvedClaimIr, claim: ResolvedClaim): StatementContent | undefined {
  const datavalue = dataValueOf(claim.object);
  if (subject.qid === undefined || claim.predicate.pid === undefined || datavalue === undefined) return undefined;
  const qualifiers: Qualifier[] = [];
  for (const { predicate, object } of claim.qualifiers ?? []) {
    const value = dataValueOf(object);
    // Without this qualifier the statement would say something else, so the whole claim stays open.
    if (predicate.pid === undefined || value === undefined) return undefined;
    qualifiers.push({ property_id: predicate.pid, datavalue: value });
  }
  return { subject: subject.qid, property_id: claim.predicate.pid, datavalue, qualifiers: sortQualifiers(qualifiers) };
}

function confidenceOf(claim: ResolvedClaim): { confidence_bp?: number } {
  const confidence = claim.uncertainty?.confidence;
  return confidence === undefined ? {} : { confidence_bp: Math.round(confidence * 10_000) };
}

function statementClaimOf(claim: ResolvedClaim, evidence_ids: string[]): StatementClaim {
  const doubt = claim.uncertainty?.notes;
  return {
    claim_id: claim.claim_id,
    ...confidenceOf(claim),
    evidence_ids,
    ...(doubt === undefined ? {} : { uncertainty_notes: doubt }),
    ...(claim.notes === undefined ? {} : { notes: claim.notes }),
  };
}

function statementOf({ content, claims }: Draft): ExchangeStatement {
  const evidence_ids = [...new Set(claims.flatMap((claim) => claim.evidence_ids))].sort(compareText);
  const confidences = claims.flatMap((claim) => claim.confidence_bp ?? []);
  return {
    statement_id: statementId(content, evidence_ids),
    property_id: content.property_id,
    snaktype: 'value',
    datavalue: content.datavalue,
    rank: 'normal',
    ...(confidences.length === 0 ? {} : { confidence_bp: Math.max(...confidences) }),
    qualifiers: [...content.qualifiers],
    claims: claims.sort((a, b) => compareText(a.claim_id, b.claim_id)),
    evidence_ids,
  };
}

function compareStatements(a: ExchangeStatement, b: ExchangeStatement): number {
  return compareIds(a.property_id, b.property_id) || compareText(a.statement_id, b.statement_id);
}

function unresolvedOf({ subject }: ResolvedClaimIr, claim: ResolvedClaim, evidence_ids: string[]): UnresolvedClaim {
  const { predicate, object, qualifiers = [] } = claim;
  const open: [part: string, status: string][] = [
    ['subject', subject.status],
    ['property', predicate.status],
    ['value', object.kind === 'item' ? object.value.status : 'resolved'],
    ...qualifiers.flatMap((q): [string, string][] => [
      ['qualifier', q.predicate.status],
      ['qualifier', q.object.kind === 'item' ? q.object.value.status : 'resolved'],
    ]),
  ];
  const reasons = open.filter(([, status]) => status !== 'resolved').map(([part, status]) => `${part}-${status}`);
  return {
    claim_id: claim.claim_id,
    reasons: [...new Set(reasons)].sort(compareText),
    subject: openRefOf(subject, subject.qid),
    property: openRefOf(predicate, predicate.pid),
    value: openValueOf(object),
    qualifiers: qualifiers.map((q) => ({
      property: openRefOf(q.predicate, q.predicate.pid),
      value: openValueOf(q.object),
    })),
    ...confidenceOf(claim),
    evidence_ids,
  };
}
