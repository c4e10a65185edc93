import { claimsIn } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

const uncertaintyMissing: Rule = {
  code: 'KRS_V3_UNCERTAINTY_MISSING',
  version: '1',
  severity: ['ERROR', 'WARNING', 'WARNING'],
  message: 'The claim says nothing about its confidence.',
  *check(facts): Generator<Finding> {
    for (const { pointer, claim } of claimsIn(facts)) {
      if (claim.uncertainty?.confidence === undefined)
        yield { location: { json_pointer: pointer, claim_id: claim.claim_id } };
    }
  },
};

const belowMinimum: Rule = {
  code: 'KRS_V3_CONFIDENCE_BELOW_MIN',
  version: '1',
  severity: ['ERROR', 'WARNING', 'INFO'],
  message: 'The confidence of the claim is below the pinned minimum.',
  *check(facts): Generator<Finding> {
    const minimum_bp = facts.context.value.validation.confidence_min_bp;
    for (const { pointer, claim } of claimsIn(facts)) {
      const confidence = claim.uncertainty?.confidence;
      if (confidence === undefined || basisPoints(confidence) >= minimum_bp) continue;
      const details = { confidence_bp: basisPoints(confidence), minimum_bp };
      yield { location: { json_pointer: pointer, claim_id: claim.claim_id }, details };
    }
  },
};

/** Shares of one as the integers they were printed from. */
export function basisPoints(share: number): number {
  return Math.round(share * 10_000);
}

/** What claims say about their own certainty. */
export const confidenceRules: readonly Rule[] = [uncertaintyMissing, belowMinimum];
