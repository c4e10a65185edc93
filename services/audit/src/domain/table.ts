import type { TransitionTable } from '@orgo/core';
import type { LogEvent } from './log.ts';
import type { LogPhase } from './state.ts';

/** The log machine as data. */
export const logTable: TransitionTable<LogPhase, LogEvent['type']> = { OPEN: { LEAF_APPENDED: 'OPEN' } };
