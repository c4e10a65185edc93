import type { ReleaseEvent } from '../events.ts';
import type { Send } from '../sends.ts';
import type { ReleaseState } from '../state.ts';
import type { Counts, Observed } from './counts.ts';

/** What one look changes, or why it changes nothing. `wake_at` is when time alone may change something, besides the release’s own deadline. */
export type Turn =
  | { go: true; events: ReleaseEvent[]; sends?: Send[]; reread?: true }
  | { go: false; why: string | null; wake_at?: string | null };

/** Everything a look is decided by. */
export type Scene = { state: ReleaseState; observed: Observed; now: string };

export const go = (events: ReleaseEvent[], sends: Send[] = []): Turn => ({ go: true, events, sends });
/** Goes on, and the ledger is changed with it: nothing more follows from the numbers that were read. */
export const goAndReread = (events: ReleaseEvent[]): Turn => ({ go: true, events, reread: true });
export const wait = (why: string | null, wake_at: string | null = null): Turn => ({ go: false, why, wake_at });

export const isDue = (at: string | null, now: string): boolean => at !== null && at <= now;
/** The earlier of two times. */
export const earlier = (...times: (string | null)[]): string | null =>
  times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);

/** Counts of the step whose turn it is. */
export const countsOf = ({ observed }: Scene, step: number): Counts => observed.counts[step] as Counts;
