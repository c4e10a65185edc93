import type { Digest } from '@orgo/contracts';
import { next, type TransitionTable } from '@orgo/core';
import type { OpenedStep, ReleaseGate, ReleaseGatePhase, ReleasePins } from './state.ts';

/** What the decisions about a release changed. */
export type ReleaseEvent =
  | {
      type: 'RELEASE_AUTHORIZED';
      decision: Digest;
      build_id: string;
      channel: string;
      release_seq: number | null;
      kristal_id: Digest;
      pack_id: string;
      pins: ReleasePins;
      steps: Digest[];
    }
  | { type: 'RELEASE_REFUSED'; decision: Digest; pins: ReleasePins }
  | { type: 'RELEASE_STEP_OPENED'; decision: Digest; opened: OpenedStep; pack_seq?: number }
  | { type: 'RELEASE_ENDED'; decision: Digest }
  | { type: 'RELEASE_NOTED'; decision: Digest };

export const releaseTable: TransitionTable<ReleaseGatePhase, ReleaseEvent['type']> = {
  NEW: { RELEASE_AUTHORIZED: 'AUTHORIZED', RELEASE_REFUSED: 'REFUSED', RELEASE_NOTED: 'NEW', RELEASE_ENDED: 'ENDED' },
  AUTHORIZED: { RELEASE_STEP_OPENED: 'AUTHORIZED', RELEASE_ENDED: 'ENDED', RELEASE_NOTED: 'AUTHORIZED' },
  REFUSED: { RELEASE_ENDED: 'ENDED', RELEASE_NOTED: 'REFUSED' },
  ENDED: {},
};

/** Folds a decided event; total. */
export function evolveRelease(state: ReleaseGate, event: ReleaseEvent): ReleaseGate {
  const phase = next(releaseTable, state.phase, event.type) ?? state.phase;
  const base = { ...state, phase, decisions: [...state.decisions, event.decision] };
  switch (event.type) {
    case 'RELEASE_AUTHORIZED': {
      const { build_id, channel, release_seq, kristal_id, pack_id, pins, steps } = event;
      return { ...base, build_id, channel, release_seq, kristal_id, pack_id, pins, steps };
    }
    case 'RELEASE_REFUSED':
      return { ...base, pins: event.pins };
    case 'RELEASE_STEP_OPENED':
      return { ...base, opened: [...state.opened, event.opened] };
    case 'RELEASE_ENDED':
      return base;
    case 'RELEASE_NOTED':
      return { ...base, noted: state.noted + 1 };
  }
}
