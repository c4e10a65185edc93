import type { StagePhase } from '@orgo/contracts';
import type { TransitionTable } from '@orgo/core';
import type { PhaseEvent, StageEvent } from './events.ts';
import type { Phase } from './state.ts';

/**
 * The build machine: phase → event → next phase. Terminal phases have no exits.
 * Nothing leads to VOIDED yet: voiding is a sovereign act and has no door so far.
 */
export const buildTable: TransitionTable<Phase, PhaseEvent['type']> = {
  NEW: { BuildCreated: 'CREATED' },
  CREATED: { BuildAdmitted: 'RUNNING', BuildBlocked: 'BLOCKED', BuildClosing: 'CLOSING' },
  RUNNING: { BuildPaused: 'PAUSED', BuildBlocked: 'BLOCKED', BuildClosing: 'CLOSING' },
  PAUSED: { BuildResumed: 'RUNNING', BuildBlocked: 'BLOCKED', BuildClosing: 'CLOSING' },
  BLOCKED: {
    BuildResumed: 'RUNNING',
    BuildAdmitted: 'RUNNING',
    BuildAdmissionAskedAgain: 'CREATED',
    BuildClosing: 'CLOSING',
  },
  CLOSING: {
    BuildCompleted: 'COMPLETED',
    BuildValidationFailed: 'VALIDATION_FAILED',
    BuildFailed: 'FAILED',
    BuildCancelled: 'CANCELLED',
  },
  COMPLETED: {},
  VALIDATION_FAILED: {},
  FAILED: {},
  CANCELLED: {},
  VOIDED: {},
};

/**
 * A stage inside its build. FENCING waits for the gatekeeper (a fence, or the verdict on used-up attempts); ERROR waits for
 * a person. SKIP is for optional stages, which no pipeline has yet.
 */
export const stageTable: TransitionTable<StagePhase, StageEvent['type']> = {
  PENDING: { StageAuthorized: 'PENDING', StageCommanded: 'COMMANDED' },
  COMMANDED: {
    StageFenceAsked: 'FENCING',
    StageAttemptFailed: 'WAITING_RETRY',
    StagePassed: 'PASS',
    StageFailed: 'FAIL',
    StageErrored: 'ERROR',
  },
  FENCING: {
    StageFenced: 'WAITING_RETRY',
    StageAttemptFailed: 'WAITING_RETRY',
    StagePassed: 'PASS',
    StageFailed: 'FAIL',
    StageErrored: 'ERROR',
  },
  WAITING_RETRY: {
    StageCommanded: 'COMMANDED',
    StageRetryDue: 'WAITING_RETRY',
    StageExhausted: 'FENCING',
    StagePassed: 'PASS',
    StageFailed: 'FAIL',
  },
  ERROR: { StageFenceAsked: 'FENCING', StagePassed: 'PASS', StageFailed: 'FAIL' },
  PASS: {},
  FAIL: {},
  SKIP: {},
};
