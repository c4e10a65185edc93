import type { Measurement } from '@orgo/contracts';
import type { ReleaseEvent } from '../events.ts';
import { findingText } from '../history.ts';
import type { Act, Trigger } from '../state.ts';
import { type Counts, heard, neededOf } from './counts.ts';
import { go, type Scene, type Turn } from './turn.ts';

/** Failed targets as a measurement, so that it is told as every other. */
export const targetsFailed = (threshold: number, counts: Counts, at: string): Measurement => ({
  name: 'targets_failed',
  outcome: 'fail',
  value: counts.FAILED,
  op: 'lte',
  threshold: Math.max(0, heard(counts) - neededOf(threshold, counts)),
  samples: heard(counts),
  at,
});

/**
 * What a failure leads to: the release stops and what it activated is brought back without a person; where the plan says so, or where there is no
 * pack to go back to, it pauses.
 */
export function failed(
  { state, observed, now }: Scene,
  of: { trigger: Trigger; codes: string[]; finding: Measurement | null; detail: string },
): Turn {
  const { trigger, codes, finding } = of;
  const step = state.current;
  const hasWay = observed.activated === 0 || observed.way_back;
  if (trigger !== 'integrity' && (state.plan.on_failure === 'pause' || !hasWay)) {
    const told = hasWay ? codes : [...codes, 'ROLLBACK_TARGET_MISSING'];
    return go([{ type: 'ReleasePaused', at: now, codes: told, finding, act: null }]);
  }
  const reason = finding === null ? of.detail : `${of.detail}: ${findingText(finding)}`;
  const act: Act = { action: 'abort', actor: 'release', reason, at: now };
  const stepFailed: ReleaseEvent[] =
    state.runs[step] === undefined || state.runs[step].state === 'DONE'
      ? []
      : [{ type: 'StepFailed', at: now, step, codes, finding }];
  return go([...stepFailed, { type: 'ReleaseStopped', at: now, to: 'FAILED', trigger, codes, finding, act }]);
}
