import { emptyFrontier, type Frontier } from '@orgo/core';

/** Phases of a tenant's log. There is one: it grows. */
export const logPhases = ['OPEN'] as const;
export type LogPhase = (typeof logPhases)[number];

/**
 * Head of a tenant's log: all that appending needs of it. `epoch` rises when a person lets a damaged log go on; leaves of
 * different epochs are told apart by their checkpoints.
 */
export type LogState = { frontier: Frontier; epoch: number };

/** The log of a tenant without decisions. */
export const initialLog = (): LogState => ({ frontier: emptyFrontier(), epoch: 1 });
