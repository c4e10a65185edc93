import type { Measurement } from '@orgo/contracts';
import { after } from '@orgo/core';
import type { ReleaseEvent } from '../events.ts';
import { isLast, type ReleaseState, type Run, runOf } from '../state.ts';
import { fellBack, lost } from './converging.ts';
import { failed } from './failing.ts';
import { counted, measure, type Tally, verdictOf } from './measure.ts';
import { earlier, go, isDue, type Scene, type Turn, wait } from './turn.ts';

/** Whether a person took the place of soak and analysis. */
const isWaived = (state: ReleaseState): boolean => runOf(state).promoted !== null || state.full !== null;

/** A round of measurements and what follows from it. `passed` is what a pass leads to. */
function measured(scene: Scene, soaking: boolean, passed: ReleaseEvent[]): Turn {
  const { state, observed, now } = scene;
  const { metrics, interval_ms } = state.plan.analysis;
  const { current: step } = state;
  const measurements: Measurement[] = metrics.map((metric) => measure(metric, observed.measures, now));
  const tally: Tally = counted(runOf(state).tally, measurements);
  const noted: ReleaseEvent = {
    type: 'StepMeasured',
    at: now,
    step,
    measurements,
    tally,
    measure_at: after(now, interval_ms),
  };
  const verdict = verdictOf(metrics, measurements, tally, soaking);
  const paused = (code: string, finding: Measurement): Turn =>
    go([
      noted,
      { type: 'StepInconclusive', at: now, step, code, finding },
      { type: 'ReleasePaused', at: now, codes: [code], finding, act: null },
    ]);
  switch (verdict.verdict) {
    case 'pass':
      return go([noted, ...passed]);
    case 'again':
      return go([noted]);
    case 'inconclusive':
      return paused(verdict.code, verdict.finding);
    case 'error':
      return paused('ANALYSIS_ERROR', verdict.finding);
    case 'fail': {
      const { finding } = verdict;
      const turn = failed(scene, {
        trigger: 'analysis',
        codes: ['ANALYSIS_FAILED'],
        finding,
        detail: 'the analysis failed',
      });
      return turn.go ? { ...turn, events: [noted, ...turn.events] } : turn;
    }
    default:
      return verdict satisfies never;
  }
}

/** SOAKING: the cohort stays confirmed for its time, and is measured meanwhile; failures count, silence does not yet. */
export function soaking(scene: Scene): Turn {
  const { state, now } = scene;
  const { current: step } = state;
  const run = runOf(state);
  const back = lost(scene) ?? fellBack(scene);
  if (back !== null) return back;
  if (isWaived(state) || isDue(run.soak_until, now)) return go([{ type: 'StepSoaked', at: now, step }]);
  const { metrics } = state.plan.analysis;
  if (metrics.length > 0 && isDue(run.measure_at, now)) return measured(scene, true, []);
  const measure_at = metrics.length > 0 ? run.measure_at : null;
  return wait(
    `${state.steps[step]?.name} to stay confirmed until ${run.soak_until}`,
    earlier(run.soak_until, measure_at),
  );
}

/** ANALYZING: every metric has to pass. No data never does. */
export function analyzing(scene: Scene): Turn {
  const { state, now } = scene;
  const { current: step } = state;
  const run = runOf(state);
  const back = lost(scene) ?? fellBack(scene);
  if (back !== null) return back;
  const passed: ReleaseEvent = { type: 'StepPassed', at: now, step };
  if (isWaived(state) || state.plan.analysis.metrics.length === 0) return go([passed]);
  if (isDue(run.measure_at, now)) return measured(scene, false, [passed]);
  return wait(`the next measurement of ${openMetrics(run)} at ${run.measure_at}`, run.measure_at);
}

const openMetrics = ({ measurements }: Run): string =>
  measurements
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ name, outcome }) => `${name} (${outcome})`)
    .join(', ') || 'the metrics';

/** Whether the next cohort opens without a person. */
const isAutomatic = ({ plan, full }: ReleaseState): boolean =>
  full !== null || (plan.auto_promote ?? plan.strategy.mode !== 'percentage');

/** GATE: a person’s word, where one is asked for. Behind the last step there is nothing to promote. */
export function gate(scene: Scene): Turn {
  const { state, now } = scene;
  const { current: step } = state;
  const back = lost(scene) ?? fellBack(scene);
  if (back !== null) return back;
  if (isLast(state) || isAutomatic(state) || runOf(state).promoted !== null)
    return go([{ type: 'StepDone', at: now, step }]);
  return wait(`a person to promote it to ${state.steps[step + 1]?.name}`);
}
