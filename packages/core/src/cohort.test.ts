import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cohortPlace, isInCohort, percentSelector, selects } from './index.ts';

const release = 'rel_018f0000-0000-7000-8000-000000000001';
const node = (instance_id: string, enrollment = 1, labels: Record<string, string> = {}) => ({
  instance_id,
  enrollment,
  labels,
});

describe('a selector', () => {
  it('takes by id, by every label, by place, or everyone', () => {
    const paris = node('a', 1, { site: 'paris', tier: 'edge' });
    expect(selects({ by: 'all' }, release, paris)).toBe(true);
    expect(selects({ by: 'ids', ids: ['a', 'b'] }, release, paris)).toBe(true);
    expect(selects({ by: 'ids', ids: ['b'] }, release, paris)).toBe(false);
    expect(selects({ by: 'labels', labels: { site: 'paris', tier: 'edge' } }, release, paris)).toBe(true);
    expect(selects({ by: 'labels', labels: { site: 'paris', tier: 'core' } }, release, paris)).toBe(false);
    expect(selects({ by: 'hash', through: cohortPlace(release, 'a') }, release, paris)).toBe(true);
    expect(selects({ by: 'hash', through: '0'.repeat(64) }, release, paris)).toBe(false);
  });

  it('of a percentage takes that many, rounded up, and more of them with more percent', () => {
    const fleet = fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fleet, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }), (ids, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const taken = (percent: number) => {
          const selector = percentSelector(percent, release, ids);
          return ids.filter((id) => selector !== null && selects(selector, release, node(id)));
        };
        expect(taken(low)).toHaveLength(Math.ceil((ids.length * low) / 100));
        expect(taken(high)).toEqual(expect.arrayContaining(taken(low)));
      }),
    );
  });

  it('takes nobody of an empty fleet', () => {
    expect(percentSelector(50, release, [])).toBeNull();
  });
});

it('a late joiner is in no cohort that was frozen before', () => {
  const cohorts = [{ selector: { by: 'all' as const }, enrolled_through: 7 }];
  expect(isInCohort(cohorts, release, node('a', 7))).toBe(true);
  expect(isInCohort(cohorts, release, node('a', 8))).toBe(false);
  expect(isInCohort([], release, node('a', 1))).toBe(false);
});
