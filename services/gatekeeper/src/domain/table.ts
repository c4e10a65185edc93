import type { TransitionTable } from '@orgo/core';
import type { GateEventType } from './events.ts';
import type { GatePhase } from './state.ts';

/** The gate machine as data. A fence reopens a stage whose attempts were used up: that is what a person's resume is. */
export const gateTable: TransitionTable<GatePhase, GateEventType> = {
  NEW: { ADMITTED: 'OPEN', REJECTED: 'STOPPED', NOTED: 'NEW' },
  OPEN: {
    STAGE_PASSED: 'OPEN',
    LAST_STAGE_PASSED: 'PASSED',
    STAGE_FAILED: 'STOPPED',
    STAGE_EXHAUSTED: 'BLOCKED',
    ATTEMPT_FAILED: 'OPEN',
    FENCED: 'OPEN',
    NOTED: 'OPEN',
    QUARANTINED: 'OPEN',
    CANCELLED: 'STOPPED',
    FROZEN: 'CLOSING',
  },
  BLOCKED: { FENCED: 'OPEN', NOTED: 'BLOCKED', QUARANTINED: 'BLOCKED', CANCELLED: 'STOPPED', FROZEN: 'CLOSING' },
  PASSED: { NOTED: 'PASSED', QUARANTINED: 'PASSED', CANCELLED: 'STOPPED', FROZEN: 'CLOSING' },
  STOPPED: { NOTED: 'STOPPED', QUARANTINED: 'STOPPED', CANCELLED: 'STOPPED', FROZEN: 'CLOSING' },
  CLOSING: { QUARANTINED: 'CLOSING', RECORD_REFUSED: 'CLOSING', RECORDED: 'CLOSED' },
  CLOSED: { QUARANTINED: 'CLOSED', NOTED: 'CLOSED' },
};
