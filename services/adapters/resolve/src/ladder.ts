import type { ResolutionDecision, ResolutionPolicy, ResolutionStatus } from '@orgo/kristal';
import type { Scored } from './score.ts';

/** What the ladder says about a list of candidates, best first. `index` is the chosen one. */
export type Verdict = {
  status: ResolutionStatus;
  index?: number;
  decision: ResolutionDecision;
  /** Popular name without context: kept open on purpose. */
  lowConfidence?: true;
};

export const ladderNotes = 'context_overlap@1';

/**
 * The decision ladder of the ruleset `orgo.resolution-ladder@1`, first rule that holds:
 * no candidate → unresolved; exactly one with the name as its label → exact_match; none by label and exactly one by alias → alias_match;
 * best under `unresolved_below_bp` → unresolved; best very popular without context → ambiguous and low confidence;
 * best at least `resolved_min_bp`, ahead by `gap_min_bp`, with context → resolved by score; otherwise ambiguous.
 */
export function decide(candidates: readonly Scored<unknown>[], policy: ResolutionPolicy): Verdict {
  const [top, second] = candidates;
  if (!top) return { status: 'unresolved', decision: { notes: 'no candidate' } };
  for (const [match, method] of [
    ['label', 'exact_match'],
    ['alias', 'alias_match'],
  ] as const) {
    const bearing = candidates.flatMap((candidate, index) => (candidate.match === match ? [index] : []));
    const [index] = bearing;
    if (index !== undefined && bearing.length === 1) {
      return { status: 'resolved', index, decision: { method, chosen_candidate_index: index } };
    }
    // Two labels are a real ambiguity; an alias does not decide between them.
    if (bearing.length > 1) break;
  }
  const threshold = { score_threshold: policy.resolved_min_bp / 10_000, notes: ladderNotes };
  if (top.score_bp < policy.unresolved_below_bp) return { status: 'unresolved', decision: threshold };
  if (top.popularity_bp > policy.popularity_high_bp && top.context_bp < policy.context_low_bp) {
    return { status: 'ambiguous', decision: threshold, lowConfidence: true };
  }
  const gap = top.score_bp - (second?.score_bp ?? 0);
  if (top.score_bp >= policy.resolved_min_bp && gap >= policy.gap_min_bp && top.context_bp > 0) {
    return { status: 'resolved', index: 0, decision: { ...threshold, chosen_candidate_index: 0 } };
  }
  return { status: 'ambiguous', decision: threshold };
}
