import type { GateClaim, ReleaseStepDetail } from '@orgo/contracts';
import { blankClaim, digestOf, type JsonValue } from '@orgo/core';
import type { Counts } from '../rollout/counts.ts';
import { type Step, stepFacts } from '../rollout/freeze.ts';
import type { Act, Eligible, Outcome, ReleaseState } from '../state.ts';

type Part = Pick<GateClaim, 'claim' | 'idem_key' | 'actor' | 'detail'> & Partial<GateClaim>;

/** A claim about this release; one that was never verified is pinned to nothing. */
export const claimOf = (state: ReleaseState, now: string, part: Part): GateClaim =>
  blankClaim({
    tenant_id: state.tenant_id,
    build_id: state.release_id,
    as_of: now,
    ...(state.eligible && { pipeline_ref: state.eligible.pipeline_ref, mandate_ref: state.eligible.mandate_ref }),
    ...part,
  });

/** Key of the intent: this release, of this pack, to this channel (RR-26). Time and people are not part of it. */
export const releaseKey = (state: ReleaseState, { record_ref, pack_id }: Eligible) =>
  digestOf(['orgo.release.v1', state.tenant_id, state.release_id, state.channel, state.build_id, record_ref, pack_id]);

const actsOf = (acts: readonly Act[]): Act[] => acts.slice(-32);

/** What persons did and no sealed decision has told yet; the last of them answers for what follows. */
const actorOf = (state: ReleaseState): string => state.acts.at(-1)?.actor ?? state.actor;

/** Asks for the step whose turn it is, on the counts and the analysis of the one before. */
export function stepClaim(
  state: ReleaseState,
  now: string,
  of: { ask: number; before: Counts | null; excluded: number[] },
): GateClaim {
  const before = state.runs[state.current - 1];
  const { release_id, generation } = state;
  return claimOf(state, now, {
    claim: 'RELEASE_STEP',
    idem_key: digestOf(['orgo.release-step.v1', state.tenant_id, release_id, generation, state.current, of.ask]),
    actor: actorOf(state),
    detail: {
      generation,
      channel: state.channel,
      pack_id: state.eligible?.pack_id ?? '',
      pack_seq: state.place?.pack_seq ?? null,
      facts: stepFacts(state.steps[state.current] as Step),
      excluded: of.excluded,
      counts: of.before,
      analysis: before?.measurements ?? [],
      promoted: before?.promoted ?? null,
      acts: actsOf(state.acts),
    } satisfies ReleaseStepDetail,
  });
}

/** Puts the end before the gatekeeper. */
export function closeClaim(
  state: ReleaseState,
  now: string,
  status: Outcome,
  of: { counts: Counts; excluded: number[] },
): GateClaim {
  const { ending, finding } = state;
  return claimOf(state, now, {
    claim: 'RELEASE_CLOSE',
    idem_key: digestOf(['orgo.release-close.v1', state.tenant_id, state.release_id, status, state.version]),
    actor: actorOf(state),
    reason_codes: ending?.codes ?? state.reason_codes,
    detail: {
      status,
      trigger: ending?.trigger ?? null,
      counts: of.counts,
      excluded: of.excluded,
      finding: finding as unknown as JsonValue,
      rollback: (ending?.rollback ?? null) as unknown as JsonValue,
      acts: actsOf(state.acts) as unknown as JsonValue,
    },
  });
}
