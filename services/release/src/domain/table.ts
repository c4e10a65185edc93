import type { StepPhase } from '@orgo/contracts';
import type { TransitionTable } from '@orgo/core';
import type { PhaseEvent, StepEvent } from './events.ts';
import type { Phase } from './state.ts';

/**
 * The release machine: phase → event → next phase. RELEASING is reached through VERIFIED alone (RR-07), RELEASED by a sealed end alone.
 * A release that is being brought back is PAUSED until its targets are. DRAFT has no door.
 */
export const releaseTable: TransitionTable<Phase, PhaseEvent['type']> = {
  NEW: { ReleaseCreated: 'QUEUED' },
  DRAFT: {},
  QUEUED: { VerifyRequested: 'VERIFYING', ReleaseFailed: 'FAILED', ReleaseCanceled: 'CANCELED' },
  VERIFYING: { ReleaseVerified: 'VERIFIED', ReleaseFailed: 'FAILED', ReleaseCanceled: 'CANCELED' },
  VERIFIED: { ReleasePublished: 'RELEASING', ReleaseStopped: 'PAUSED', ReleasePaused: 'PAUSED' },
  RELEASING: {
    ReleasePublished: 'RELEASING',
    ReleaseCompleted: 'RELEASED',
    ReleasePaused: 'PAUSED',
    ReleaseStopped: 'PAUSED',
  },
  PAUSED: {
    ReleasePublished: 'PAUSED',
    ReleaseResumed: 'RELEASING',
    ReleaseStopped: 'PAUSED',
    ReleaseRolledBack: 'ROLLED_BACK',
    ReleaseFailed: 'FAILED',
    ReleaseCanceled: 'CANCELED',
  },
  RELEASED: { ReleaseRolledBack: 'ROLLED_BACK' },
  FAILED: {},
  ROLLED_BACK: {},
  CANCELED: {},
};

const failing = { StepFailed: 'FAILED', StepInconclusive: 'INCONCLUSIVE' } as const;

/** The machine of a step. Nothing is opened without a sealed decision; a cohort that falls below its threshold soaks again. */
export const stepTable: TransitionTable<StepPhase, StepEvent['type']> = {
  PENDING: {
    StepWaits: 'WAITING_WINDOW',
    StepAsked: 'PENDING',
    StepAuthorized: 'DISPATCHING',
    StepResumed: 'PENDING',
    StepFailed: 'FAILED',
  },
  WAITING_WINDOW: { StepWaits: 'WAITING_WINDOW', StepAsked: 'PENDING', StepResumed: 'PENDING', StepFailed: 'FAILED' },
  DISPATCHING: { StepOpened: 'CONVERGING', StepResumed: 'DISPATCHING', StepFailed: 'FAILED' },
  CONVERGING: {
    StepConfirmed: 'SOAKING',
    StepResumed: 'CONVERGING',
    TargetsLeftOut: 'CONVERGING',
    TargetsTimedOut: 'CONVERGING',
    ...failing,
  },
  SOAKING: {
    StepFellBack: 'CONVERGING',
    StepMeasured: 'SOAKING',
    StepSoaked: 'ANALYZING',
    StepPromoted: 'SOAKING',
    StepResumed: 'CONVERGING',
    ...failing,
  },
  ANALYZING: {
    StepFellBack: 'CONVERGING',
    StepMeasured: 'ANALYZING',
    StepPassed: 'GATE',
    StepPromoted: 'ANALYZING',
    StepResumed: 'ANALYZING',
    ...failing,
  },
  GATE: {
    StepFellBack: 'CONVERGING',
    StepPromoted: 'GATE',
    StepDone: 'DONE',
    StepResumed: 'GATE',
    StepFailed: 'FAILED',
  },
  INCONCLUSIVE: { StepResumed: 'ANALYZING', StepPromoted: 'ANALYZING', StepFailed: 'FAILED' },
  DONE: {},
  FAILED: {},
};
