import type { ReleaseStatus } from '@orgo/contracts';
import { type JsonValue, ok, type Result, refuse } from '@orgo/core';
import type { Eligible, HistoryLine, ReleaseState } from './state.ts';

const json = (value: unknown): JsonValue => value as JsonValue;

/** The two content ids of what is released (RR-02). The hash of a pack is that of its manifest, which names every file of it. */
const artifactsOf = ({ kristal_id, pack_id, pack_manifest }: Eligible): JsonValue => {
  const hashOf = (ref: string) => ({ alg: 'sha256', value: ref.slice('sha256:'.length) });
  return [
    {
      artifact_type: 'runtime_pack',
      artifact_ref: pack_manifest.ref,
      artifact_hash: hashOf(pack_manifest.ref),
      compat: { pack_id },
    },
    { artifact_type: 'exchange', artifact_ref: kristal_id, artifact_hash: hashOf(kristal_id) },
  ];
};

/** The public form knows four modes: an atomic switch is `all_at_once` in a slot of its own, and what a stage is bound to are its conditions. */
function strategyOf({ plan, steps }: ReleaseState): JsonValue {
  const { mode } = plan.strategy;
  switch (mode) {
    case 'percentage':
      return { mode, percentage: plan.strategy.percentage };
    case 'staged':
      return {
        mode,
        stages: steps.map(({ name, cohort, soak_ms, confirm_threshold, quorum_percent, step_hash }) => ({
          name,
          target_cohorts: [name],
          conditions: json({ cohort, soak_ms, confirm_threshold, quorum_percent, step_hash }),
        })),
      };
    case 'blue_green':
      return { mode: 'all_at_once' };
    default:
      return { mode };
  }
}

/** Guards of the rollout, and what each cohort came to: counts and the last measurements (RR-12, RR-28). */
const constraintsOf = ({ plan, generation, retry_of, place }: ReleaseState, steps: ReleaseStatus['steps']): JsonValue =>
  json({
    ...(plan.strategy.mode === 'blue_green' ? { slot: 'blue_green' } : {}),
    generation,
    retry_of,
    release_seq: place?.release_seq ?? null,
    pack_seq: place?.pack_seq ?? null,
    metrics: plan.analysis.metrics,
    windows: plan.windows,
    freezes: plan.freezes,
    offline: plan.offline,
    rollback: plan.rollback,
    requires: plan.requires,
    cohorts: steps.map(({ name, state, counts, measurements }) => ({ name, state, counts, measurements })),
  });

const eventOf = ({ at, type, actor, detail }: HistoryLine): JsonValue => ({
  at,
  type,
  actor,
  ...(detail === '' ? {} : { details: { text: detail } }),
});

/** Why it is where it is, in words: its codes, and the measurement that decided. */
function reasonOf({ reason_codes, finding }: ReleaseStatus): string {
  const { name, value, op, threshold, samples } = finding ?? {};
  const measured =
    finding === null ? [] : [`${name} ${value ?? 'without a value'}, wanted ${op} ${threshold}, ${samples} samples`];
  return [...reason_codes, ...measured].join('; ');
}

/**
 * The public kOA form of a release (`release-record.schema.json`). What the form demands and the release does not have yet is `NOT_PROJECTABLE`: before its
 * evidence was read, nobody knows which artifacts it is about.
 */
export function toPublicRelease(state: ReleaseState, status: ReleaseStatus): Result<JsonValue> {
  const { eligible, history, created_at } = state;
  if (eligible === null) return refuse('NOT_PROJECTABLE', 'artifacts: the evidence of the build is not read');
  const reason = reasonOf(status);
  return ok({
    release_id: state.release_id,
    created_at,
    created_by: state.actor,
    build_ref: state.build_id,
    artifacts: artifactsOf(eligible),
    channels: [
      {
        channel_id: state.channel,
        target_cohorts: state.steps.map(({ name }) => name),
        constraints: constraintsOf(state, status.steps),
      },
    ],
    strategy: strategyOf(state),
    verification_policy_ref: eligible.mandate_ref,
    status: status.status,
    ...(reason === '' ? {} : { status_reason: reason }),
    updated_at: history.at(-1)?.at ?? created_at,
    events: history.map(eventOf),
  });
}
