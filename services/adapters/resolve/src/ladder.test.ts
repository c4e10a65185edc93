import type { ResolutionPolicy } from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { decide } from './ladder.ts';
import type { Match } from './lexicon.ts';

const policy: ResolutionPolicy = {
  ruleset_id: 'orgo.resolution-ladder@1',
  resolved_min_bp: 8500,
  gap_min_bp: 500,
  unresolved_below_bp: 4000,
  popularity_high_bp: 9000,
  context_low_bp: 2000,
  top_k_entity: 20,
  top_k_property: 10,
};

const candidate = (match: Match, score_bp: number, context_bp = 5000, popularity_bp = 5000) => ({
  entry: {},
  match,
  string_bp: 10_000,
  popularity_bp,
  context_bp,
  score_bp,
});

describe('the ladder', () => {
  it.each([
    ['nothing', [], 'unresolved', undefined],
    ['one label, however low', [candidate('label', 10)], 'resolved', 0],
    ['one label under a better alias', [candidate('alias', 9000), candidate('label', 10)], 'resolved', 1],
    ['one alias', [candidate('alias', 10)], 'resolved', 0],
    ['two aliases too close', [candidate('alias', 9000), candidate('alias', 8501)], 'ambiguous', undefined],
    ['two labels, clear winner', [candidate('label', 8500), candidate('label', 8000)], 'resolved', 0],
    ['two labels, gap one point short', [candidate('label', 8500), candidate('label', 8001)], 'ambiguous', undefined],
    ['two labels, score one point short', [candidate('label', 8499), candidate('label', 0)], 'ambiguous', undefined],
    ['two labels, no context', [candidate('label', 9900, 0), candidate('label', 0)], 'ambiguous', undefined],
    ['two labels under the floor', [candidate('label', 3999), candidate('label', 0)], 'unresolved', undefined],
    ['two labels at the floor', [candidate('label', 4000), candidate('label', 0)], 'ambiguous', undefined],
    [
      'two labels and an alias',
      [candidate('label', 6000), candidate('label', 6000), candidate('alias', 1)],
      'ambiguous',
      undefined,
    ],
    ['a similar name only', [candidate('similar', 7000)], 'ambiguous', undefined],
  ] as const)('%s', (_, candidates, status, index) => {
    const verdict = decide(candidates, policy);
    expect([verdict.status, verdict.index]).toEqual([status, index]);
  });

  it('keeps a famous name without context open, and says so', () => {
    const famous = [candidate('label', 9900, 1999, 9001), candidate('label', 0)];
    expect(decide(famous, policy)).toMatchObject({ status: 'ambiguous', lowConfidence: true });
    const known = [candidate('label', 9900, 2000, 9001), candidate('label', 0)];
    expect(decide(known, policy)).toMatchObject({ status: 'resolved', index: 0 });
  });

  it('names a method only where the external list has a word for it', () => {
    expect(decide([candidate('label', 1)], policy).decision.method).toBe('exact_match');
    expect(decide([candidate('alias', 1)], policy).decision.method).toBe('alias_match');
    const scored = decide([candidate('label', 9000), candidate('label', 1)], policy).decision;
    expect(scored).toEqual({ score_threshold: 0.85, notes: 'context_overlap@1', chosen_candidate_index: 0 });
  });
});
