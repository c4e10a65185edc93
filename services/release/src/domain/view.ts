import type { ReleasePhase, ReleaseStatus } from '@orgo/contracts';
import { added, neededOf, noCounts, type Observed } from './rollout/counts.ts';
import { newRun, type ReleaseState, type Run } from './state.ts';
import { waitingFor } from './waiting.ts';

/** The public state of a release. `version` counts its events. */
export function statusOf(state: ReleaseState, observed: Observed, now: string): ReleaseStatus {
  const { why, wake_at } = waitingFor(state, observed, now);
  const own = observed.counts.filter((_, step) => state.steps[step]?.kind !== 'prefetch');
  const { ending } = state;
  return {
    release_id: state.release_id,
    tenant_id: state.tenant_id,
    build_id: state.build_id,
    channel: state.channel,
    generation: state.generation,
    retry_of: state.retry_of,
    release_seq: state.place?.release_seq ?? null,
    pack_seq: state.place?.pack_seq ?? null,
    status: state.phase as ReleasePhase,
    reason_codes: state.reason_codes,
    kristal_id: state.eligible?.kristal_id ?? null,
    pack_id: state.eligible?.pack_id ?? null,
    plan: state.plan,
    steps: state.steps.map(({ step, name, step_hash, cohort, confirm_threshold }) => {
      const run: Run = state.runs[step] ?? newRun;
      const counts = observed.counts[step] ?? noCounts;
      const { opened_at, confirmed_at, soak_until, deadline_at, measurements } = run;
      const times = { opened_at, confirmed_at, soak_until, deadline_at };
      return {
        step,
        name,
        step_hash,
        cohort,
        state: run.state,
        counts,
        needed: neededOf(confirm_threshold, counts),
        ...times,
        measurements,
      };
    }),
    counts: own.reduce(added, noCounts),
    finding: state.finding,
    stopped: ending !== null && ending.to !== 'RELEASED',
    rollback:
      ending?.rollback == null
        ? null
        : {
            trigger: ending.trigger ?? 'operator',
            to_pack_id: ending.rollback.to_pack_id,
            by: ending.act.actor,
            at: ending.act.at,
          },
    waiting_for: why,
    next_look_at: wake_at,
    events: state.history,
    version: state.version,
  };
}
