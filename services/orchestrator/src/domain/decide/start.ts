import { isTerminalBuildPhase } from '@orgo/contracts';
import { type No, no, type Start, type Timed } from '../inputs.ts';
import type { BuildState, Phase } from '../state.ts';
import * as claims from './claims.ts';
import { and, nothing, type Yes, yes } from './outcome.ts';

/** What is known about earlier builds when one is asked for. */
export type StartFacts = {
  /** The live build of the same subject, if there is one. */
  live: string | null;
  /** The newest build with the same run key that was not a rerun, if there is one. */
  same: { build_id: string; phase: Phase } | null;
  active: number;
  maxActive: number;
};

/** Outcomes that the same inputs give again: asking again is answered by the build that gave them. */
const settled: readonly Phase[] = ['COMPLETED', 'VALIDATION_FAILED'];

export type Admission = { ok: true; replayed_from: string | null } | No;

/**
 * The replay rules (ID-10 to ID-13): an identical request that is finished is answered by its build and writes nothing; a live build
 * of the same subject stops another one; the tenant's quota is last. The database's unique keys say the same again, for writers that
 * meet. An explicit rerun is asked for its own sake and is never answered by another build.
 */
export function admitStart(asked: { rerun_of: string | null }, facts: StartFacts): Admission {
  if (asked.rerun_of === null && facts.same !== null && settled.includes(facts.same.phase))
    return { ok: true, replayed_from: facts.same.build_id };
  if (facts.live !== null) return no('STOP_REPLAY_CONFLICT', `${facts.live} of the same subject is live`);
  if (facts.active >= facts.maxActive)
    return no('QUOTA_EXCEEDED', `${facts.active} builds of the tenant are active, ${facts.maxActive} may be`);
  return { ok: true, replayed_from: null };
}

/** Whether a build may be the original of a rerun: it has ended by its content, on the same run key. */
export function admitRerun(original: { phase: Phase; run_key: string } | null, run_key: string): { ok: true } | No {
  if (original === null) return no('BUILD_NOT_FOUND', 'the build to rerun is not visible');
  if (!isTerminalBuildPhase(original.phase as never) || !settled.includes(original.phase)) {
    return no('BUILD_TRANSITION_ILLEGAL', `a build that is ${original.phase} cannot be rerun`);
  }
  return original.run_key === run_key
    ? { ok: true }
    : no('REQUEST_INVALID', 'a rerun has the pipeline, mandate and inputs of its original');
}

/** A build begins: its `as_of` is the time of this transaction, and the gatekeeper is asked to admit it. */
export function decideStart(state: BuildState, input: Timed<Start>): Yes {
  if (state.phase !== 'NEW') return nothing;
  const created = yes({ events: [{ type: 'BuildCreated', at: input.now, admitted: input.admitted }] });
  return and(state, created, (build) => yes({ sends: [claims.admit(build)] }));
}
