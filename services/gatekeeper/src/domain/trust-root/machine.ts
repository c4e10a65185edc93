import type { Digest } from '@orgo/contracts';
import { next, type TransitionTable } from '@orgo/core';

export const trustRootPhases = ['FIRST', 'GROWN'] as const;
export type TrustRootPhase = (typeof trustRootPhases)[number];

/** How far a tenant's trust roots are on record. The first one is pinned outside, so it needs no entry. */
export type TrustRootGate = { tenant_id: string; phase: TrustRootPhase; version: number; decision: Digest | null };

export const initialTrustRoot = ({ tenant_id }: { tenant_id: string }): TrustRootGate => ({
  tenant_id,
  phase: 'FIRST',
  version: 1,
  decision: null,
});

export type TrustRootEvent = { type: 'ROOT_RECORDED'; version: number; decision: Digest };

export const trustRootTable: TransitionTable<TrustRootPhase, TrustRootEvent['type']> = {
  FIRST: { ROOT_RECORDED: 'GROWN' },
  GROWN: { ROOT_RECORDED: 'GROWN' },
};

/** Folds a decided event; total. */
export const evolveTrustRoot = (state: TrustRootGate, event: TrustRootEvent): TrustRootGate => ({
  ...state,
  phase: next(trustRootTable, state.phase, event.type) ?? state.phase,
  version: event.version,
  decision: event.decision,
});
