import type { StepPhase } from '@orgo/contracts';
import { next } from '@orgo/core';
import type { StepEvent } from './events.ts';
import { noTally } from './rollout/measure.ts';
import { newRun, type ReleaseState, type Run } from './state.ts';
import { stepTable } from './table.ts';

const settle = { soak_until: null, measure_at: null, tally: noTally, promoted: null } as const;

/** What an event changes of its step; the table says which phase it leads to. */
function changed(_run: Run, event: StepEvent): Partial<Run> {
  switch (event.type) {
    case 'StepWaits':
    case 'StepSoaked':
    case 'StepPassed':
    case 'TargetsTimedOut':
      return {};
    case 'StepAsked':
      return { asks: event.ask, asked: true };
    case 'StepAuthorized':
      return { asked: false };
    case 'StepOpened':
      return { opened_at: event.at, deadline_at: event.deadline_at, offline_at: event.offline_at };
    case 'StepConfirmed':
      return {
        ...settle,
        confirmed_at: event.at,
        soak_until: event.soak_until,
        deadline_at: null,
        offline_at: null,
        measure_at: event.at,
      };
    case 'StepFellBack':
      return { ...settle, confirmed_at: null, deadline_at: event.deadline_at };
    case 'StepMeasured':
      return { measurements: event.measurements, tally: event.tally, measure_at: event.measure_at };
    case 'StepPromoted':
      return { promoted: event.act };
    case 'StepDone':
      return { soak_until: null, measure_at: null };
    case 'StepFailed':
      return { ...settle, asked: false, deadline_at: null, offline_at: null };
    case 'StepInconclusive':
      return { measure_at: null, soak_until: null, deadline_at: null, offline_at: null };
    case 'StepResumed':
      return { ...settle, asked: false, deadline_at: event.deadline_at, measure_at: event.at };
    case 'TargetsLeftOut':
      return { offline_at: null };
    default:
      return event satisfies never;
  }
}

/** Folds an event of a step; total. */
export function evolveStep(state: ReleaseState, event: StepEvent): ReleaseState {
  const run = state.runs[event.step] ?? newRun;
  const phase: StepPhase = next(stepTable, run.state, event.type) ?? run.state;
  const after: Run = { ...run, ...changed(run, event), state: phase };
  const runs = state.runs.map((one, at) => (at === event.step ? after : one));
  const isOver = event.type === 'StepDone' && event.step < state.steps.length - 1;
  return {
    ...state,
    runs,
    current: isOver ? event.step + 1 : state.current,
    full: event.type === 'StepPromoted' && event.full ? event.act : state.full,
    acts:
      event.type === 'StepPromoted' ? [...state.acts, event.act] : event.type === 'StepAuthorized' ? [] : state.acts,
    wanted: event.type === 'StepOpened' ? null : state.wanted,
  };
}
