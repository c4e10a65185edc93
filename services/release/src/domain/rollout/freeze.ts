import type { CohortSelector, Digest, ReleasePlan, ReleaseStepFacts, StageCohort } from '@orgo/contracts';
import { type CohortMember, digestOf, percentSelector, releaseStepHash, selects } from '@orgo/core';

export type StepKind = ReleaseStepFacts['kind'];

/** A step as it is frozen for a generation. Nothing of it changes; its hash names all of it. */
export type Step = {
  step: number;
  name: string;
  kind: StepKind;
  cohort: CohortSelector;
  /** Highest enrollment that the cohort takes; the tail takes every later one too. */
  enrolled_through: number;
  /** Nodes that no earlier step takes, when it was frozen. */
  members: number;
  confirm_threshold: number;
  quorum_percent: number;
  soak_ms: number;
  step_hash: Digest;
};

/** Which node belongs to which step. */
export type Member = { instance_id: string; enrollment: number; step: number };
export type Frozen = { steps: Step[]; members: Member[]; enrolled_through: number };

type Stage = { name: string; kind: StepKind; cohort: StageCohort; soak_ms?: number; confirm_threshold?: number };

/** Steps of a strategy, in order; the last takes everyone. */
export function stagesOf({ strategy }: ReleasePlan): Stage[] {
  const all: Stage = { name: 'all', kind: 'open', cohort: { by: 'all' } };
  switch (strategy.mode) {
    case 'all_at_once':
    case 'pinned':
      return [all];
    case 'percentage':
      return [
        { ...all, name: `${strategy.percentage}-percent`, cohort: { by: 'percent', percent: strategy.percentage } },
        all,
      ];
    case 'staged': {
      const stages = strategy.stages.map(
        ({ name, cohort, soak_ms, confirm_threshold }): Stage => ({
          name,
          kind: 'open',
          cohort,
          ...(soak_ms === undefined ? {} : { soak_ms }),
          ...(confirm_threshold === undefined ? {} : { confirm_threshold }),
        }),
      );
      const last = stages.at(-1);
      const takesAll = last?.cohort.by === 'all' || (last?.cohort.by === 'percent' && last.cohort.percent === 100);
      return takesAll ? [...stages.slice(0, -1), { ...(last as Stage), cohort: { by: 'all' } }] : [...stages, all];
    }
    case 'blue_green':
      return [
        { ...all, name: 'prefetch', kind: 'prefetch', soak_ms: 0 },
        { ...all, name: 'switch', kind: 'switch' },
      ];
    default:
      return strategy satisfies never;
  }
}

const selectorOf = (cohort: StageCohort, releaseId: string, ids: readonly string[]): CohortSelector | null =>
  cohort.by === 'percent' ? percentSelector(cohort.percent, releaseId, ids) : cohort;

/** What a step’s hash is over. */
export const stepFacts = ({ step_hash: _, ...step }: Step): ReleaseStepFacts => ({
  ...step,
  cohort: digestOf(step.cohort),
});

/** What is lost where a cohort would take nobody: an empty one is an error and no success. */
export type EmptyCohort = { ok: false; name: string };

/**
 * Freezes whom each step takes: `ceil` of the percentage, at least one, in the order of `sha256(release_id|instance_id)` (RR-23); a node
 * belongs to the first step that takes it. Only the tail may be empty: nodes that join later belong to it.
 */
export function freeze(
  plan: ReleasePlan,
  of: { release_id: string; generation: number },
  nodes: readonly CohortMember[],
): ({ ok: true } & Frozen) | EmptyCohort {
  const { release_id, generation } = of;
  const enrolled_through = Math.max(0, ...nodes.map(({ enrollment }) => enrollment));
  const ids = nodes.map(({ instance_id }) => instance_id);
  const steps: Step[] = [];
  const members: Member[] = [];
  const stages = stagesOf(plan);
  let left = [...nodes];
  for (const [step, { name, kind, cohort, soak_ms, confirm_threshold }] of stages.entries()) {
    const isTail = step === stages.length - 1;
    const selector = selectorOf(cohort, release_id, ids);
    const taken =
      kind === 'prefetch' || selector === null ? [] : left.filter((node) => selects(selector, release_id, node));
    if (kind !== 'prefetch' && !isTail && taken.length === 0) return { ok: false, name };
    left = left.filter((node) => !taken.includes(node));
    members.push(...taken.map(({ instance_id, enrollment }) => ({ instance_id, enrollment, step })));
    const frozen: Step = {
      step,
      name,
      kind,
      cohort: selector ?? { by: 'all' as const },
      enrolled_through: isTail ? Number.MAX_SAFE_INTEGER : enrolled_through,
      members: kind === 'prefetch' ? nodes.length : taken.length,
      confirm_threshold: confirm_threshold ?? plan.confirm_threshold,
      quorum_percent: plan.offline.quorum_percent,
      soak_ms: soak_ms ?? plan.soak_ms,
      step_hash: 'sha256:',
    };
    steps.push({ ...frozen, step_hash: releaseStepHash(release_id, generation, stepFacts(frozen)) });
  }
  return { ok: true, steps, members, enrolled_through };
}
