import { canonical } from '@orgo/core';
import type { Claim, ClaimObject } from '../claim-ir.ts';
import type { ResolvedClaim, ResolvedObject } from '../resolved.ts';
import { claimsIn, originalClaims, type ValidationFacts } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

/** What of a claim a resolution changed without saying so, or undefined where it is the same claim. */
function changed(original: Claim, resolved: ResolvedClaim): string | undefined {
  if (!sameSurface(original.predicate, resolved.predicate)) return 'predicate';
  if (!sameObject(original.object, resolved.object)) return 'object';
  if ((original.uncertainty?.confidence ?? original.confidence) !== resolved.uncertainty?.confidence)
    return 'confidence';
  const [asked, answered] = [original.qualifiers ?? [], resolved.qualifiers ?? []];
  const same =
    asked.length === answered.length &&
    asked.every((q, i) => {
      const answer = answered[i];
      return answer && sameSurface(q.predicate, answer.predicate) && sameObject(q.object, answer.object);
    });
  return same ? undefined : 'qualifiers';
}

function sameSurface(a: { surface?: string | undefined }, b: { surface?: string | undefined }): boolean {
  return b.surface === undefined || a.surface === b.surface;
}

/** A literal may change only where the resolution says that it normalised it. */
function sameObject(a: ClaimObject, b: ResolvedObject): boolean {
  if (a.kind !== b.kind) return b.kind !== 'item' && b.normalized !== undefined;
  if (a.kind === 'item' && b.kind === 'item') return sameSurface(a.value, b.value);
  return (b.kind !== 'item' && b.normalized !== undefined) || canonical(a.value) === canonical(b.value);
}

const invented: Rule = {
  code: 'KRS_V3_RESOLUTION_INVENTED_CLAIM',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'The resolution holds a claim that its Claim-IR does not, or says something else under a known claim id.',
  *check(facts): Generator<Finding> {
    for (const { pointer, claim, original } of claimsIn(facts)) {
      const what = original ? changed(original, claim) : 'claim_id';
      if (what) yield { location: { json_pointer: pointer, claim_id: claim.claim_id }, details: { what } };
    }
  },
};

const dropped: Rule = {
  code: 'KRS_V3_RESOLUTION_DROPPED_CLAIM',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'A claim of the Claim-IR has no answer in its resolution.',
  *check(facts): Generator<Finding> {
    for (const [i, line] of facts.claimLines.lines.entries()) {
      if (!line.value) continue;
      const answered = new Set(facts.resolvedLines.lines[i]?.value?.claims.map((claim) => claim.claim_id));
      for (const { claim, pointer } of originalClaims(line.value.claims, `/claim_ir/${i}/claims`)) {
        if (!answered.has(claim.claim_id)) yield { location: { json_pointer: pointer, claim_id: claim.claim_id } };
      }
    }
  },
};

function* claimPlaces(facts: ValidationFacts): Generator<{ side: string; pointer: string; claim_id: string }> {
  for (const [i, line] of facts.claimLines.lines.entries()) {
    for (const { claim, pointer } of originalClaims(line.value?.claims ?? [], `/claim_ir/${i}/claims`)) {
      yield { side: 'claim-ir', pointer, claim_id: claim.claim_id };
    }
  }
  for (const [i, line] of facts.resolvedLines.lines.entries()) {
    for (const [j, { claim_id }] of (line.value?.claims ?? []).entries()) {
      yield { side: 'resolved', pointer: `/resolved/${i}/claims/${j}`, claim_id };
    }
  }
}

const duplicate: Rule = {
  code: 'KRS_V3_CLAIM_ID_DUPLICATE',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'Two claims of the batch share one claim id.',
  *check(facts): Generator<Finding> {
    const first = new Map<string, string>();
    for (const { side, pointer, claim_id } of claimPlaces(facts)) {
      const key = `${side} ${claim_id}`;
      const before = first.get(key);
      if (before === undefined) first.set(key, pointer);
      else yield { location: { json_pointer: pointer, claim_id }, details: { first: before } };
    }
  },
};

/** Each claim answered once, under its id, with its content: derived here from both sides, whatever the resolver says. */
export const bijectionRules: readonly Rule[] = [invented, dropped, duplicate];
