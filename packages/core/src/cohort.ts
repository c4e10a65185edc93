import type { CohortSelector, OpenCohort } from '@orgo/contracts';
import { sha256Hex } from '#sha256';

/** What a cohort is judged by: facts a node holds about itself from its enrollment. */
export type CohortMember = { instance_id: string; enrollment: number; labels: Readonly<Record<string, string>> };

/** A node's place in the order of a release's nodes: 64 hex digits, the same wherever it is computed (RR-23). */
export const cohortPlace = (releaseId: string, instanceId: string): string => sha256Hex(`${releaseId}|${instanceId}`);

/** Whether a selector takes a node. Total: a selector with labels takes who has all of them. */
export function selects(selector: CohortSelector, releaseId: string, node: CohortMember): boolean {
  switch (selector.by) {
    case 'all':
      return true;
    case 'ids':
      return selector.ids.includes(node.instance_id);
    case 'labels':
      return Object.entries(selector.labels).every(([name, value]) => node.labels[name] === value);
    case 'hash':
      return cohortPlace(releaseId, node.instance_id) <= selector.through;
    default:
      return selector satisfies never;
  }
}

/** Whether one of the open cohorts takes a node. A late joiner belongs to none of them. */
export const isInCohort = (cohorts: readonly OpenCohort[], releaseId: string, node: CohortMember): boolean =>
  cohorts.some((cohort) => node.enrollment <= cohort.enrolled_through && selects(cohort.selector, releaseId, node));

/**
 * The selector that takes `percent` of the given nodes: rounded up, so at least one of a fleet that is not empty; null where there is no node, since
 * an empty cohort is an error and no success. Which nodes follows from their places alone.
 */
export function percentSelector(
  percent: number,
  releaseId: string,
  instanceIds: readonly string[],
): CohortSelector | null {
  const places = instanceIds.map((id) => cohortPlace(releaseId, id)).sort();
  const count = Math.min(places.length, Math.max(1, Math.ceil((places.length * percent) / 100)));
  const through = places[count - 1];
  return through === undefined ? null : { by: 'hash', through };
}
