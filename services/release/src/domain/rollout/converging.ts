import { after } from '@orgo/core';
import { type ReleaseState, runOf } from '../state.ts';
import { confirmedOf, hasQuorum, isLost, neededOf } from './counts.ts';
import { failed, targetsFailed } from './failing.ts';
import { countsOf, earlier, go, goAndReread, isDue, type Scene, type Turn, wait } from './turn.ts';

const stepOf = (state: ReleaseState) => state.steps[state.current] as ReleaseState['steps'][number];

/** Whether the cohort has what it needs now. */
export function isConfirmed(scene: Scene): boolean {
  const { kind, confirm_threshold, quorum_percent } = stepOf(scene.state);
  const counts = countsOf(scene, scene.state.current);
  return (
    counts.total > 0 &&
    confirmedOf(kind, counts) >= neededOf(confirm_threshold, counts) &&
    hasQuorum(quorum_percent, counts)
  );
}

/** A step that can no more be confirmed, of those that are open; null for none. */
export function lost(scene: Scene): Turn | null {
  const { state, observed, now } = scene;
  for (const { step, confirm_threshold, kind } of state.steps.slice(0, state.current + 1)) {
    const counts = countsOf(scene, step);
    if (kind === 'prefetch' || !isLost(confirm_threshold, counts)) continue;
    const finding = targetsFailed(confirm_threshold, counts, now);
    const codes = ['ANALYSIS_FAILED', ...observed.failures.slice(0, 8)];
    return failed(scene, { trigger: 'analysis', codes, finding, detail: 'too many targets failed' });
  }
  return null;
}

/** The cohort fell below its threshold: it converges and soaks again. */
export function fellBack(scene: Scene): Turn | null {
  const { state, now } = scene;
  if (isConfirmed(scene)) return null;
  const { current: step } = state;
  const deadline_at = after(now, state.plan.deadlines.step_ms ?? state.step_ms);
  return go([{ type: 'StepFellBack', at: now, step, counts: countsOf(scene, step), deadline_at }]);
}

/** CONVERGING: success is confirmed reports; who is silent is left out as far as the quorum goes; the deadline pauses. */
export function converging(scene: Scene): Turn {
  const { state, now } = scene;
  const { current: step } = state;
  const run = runOf(state);
  const { kind, confirm_threshold, quorum_percent, soak_ms } = stepOf(state);
  const counts = countsOf(scene, step);
  const gone = lost(scene);
  if (gone !== null) return gone;
  if (isConfirmed(scene))
    return go([{ type: 'StepConfirmed', at: now, step, counts, soak_until: after(now, soak_ms) }]);
  if (counts.total === 0)
    return isDue(run.deadline_at, now)
      ? go([
          {
            type: 'StepResumed',
            at: now,
            step,
            deadline_at: after(now, state.plan.deadlines.step_ms ?? state.step_ms),
          },
        ])
      : wait(`the first node of ${state.channel}`, run.deadline_at);
  const silent = counts.PENDING + counts.OFFERED;
  const late = isDue(run.offline_at, now);
  // Where too many are silent, the quorum may still be met before the deadline.
  if (late && hasQuorum(quorum_percent, counts, silent))
    return goAndReread([{ type: 'TargetsLeftOut', at: now, step, silent }]);
  if (isDue(run.deadline_at, now)) {
    const code = silent > 0 && quorum_percent < 100 ? 'QUORUM_NOT_MET' : 'ACTIVATION_NOT_CONFIRMED';
    return goAndReread([
      { type: 'TargetsTimedOut', at: now, step },
      { type: 'ReleasePaused', at: now, codes: [code], finding: null, act: null },
    ]);
  }
  const needed = neededOf(confirm_threshold, counts);
  const why = `${confirmedOf(kind, counts)} of ${needed} nodes that ${stepOf(state).name} needs are confirmed`;
  return wait(
    `${why} (${counts.total} in all, ${counts.FAILED} failed)`,
    earlier(run.deadline_at, late ? null : run.offline_at),
  );
}
