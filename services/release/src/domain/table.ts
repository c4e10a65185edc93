import type { TransitionTable } from '@orgo/core';
import type { ReleaseEvent } from './events.ts';
import type { Phase } from './state.ts';

/**
 * The release machine: phase → event → next phase. RELEASING is reached through VERIFIED alone (RR-07), RELEASED from sealed
 * reports alone. A node may report between publication and the event that says so, hence reports in VERIFIED.
 * DRAFT, ROLLED_BACK and CANCELED have no door yet.
 */
export const releaseTable: TransitionTable<Phase, ReleaseEvent['type']> = {
  NEW: { ReleaseCreated: 'QUEUED' },
  DRAFT: {},
  QUEUED: { VerifyRequested: 'VERIFYING', ReleaseFailed: 'FAILED' },
  VERIFYING: { ReleaseVerified: 'VERIFIED', ReleaseFailed: 'FAILED' },
  VERIFIED: { ReleasePublished: 'RELEASING', ReleaseFailed: 'FAILED', NodeReported: 'VERIFIED' },
  RELEASING: { ReleaseCompleted: 'RELEASED', ReleasePaused: 'PAUSED', NodeReported: 'RELEASING' },
  PAUSED: { ReleaseResumed: 'RELEASING', NodeReported: 'PAUSED' },
  RELEASED: { NodeReported: 'RELEASED' },
  FAILED: {},
  ROLLED_BACK: {},
  CANCELED: {},
};
