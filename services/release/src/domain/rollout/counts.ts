import { type TargetState, targetStates } from '@orgo/contracts';
import type { Measures } from './measure.ts';

/** A step’s targets by state. Those of a blue/green prefetch are everybody’s. */
export type Counts = Record<TargetState, number> & { total: number };

export const noCounts: Counts = {
  total: 0,
  ...(Object.fromEntries(targetStates.map((state) => [state, 0])) as Record<TargetState, number>),
};

export const added = (a: Counts, b: Counts): Counts =>
  Object.fromEntries((Object.keys(noCounts) as (keyof Counts)[]).map((key) => [key, a[key] + b[key]])) as Counts;

/** A node whose failed integrity check stops the release. */
export type Tampered = { instance_id: string; code: string };

/** Everything outside the row that a turn depends on, read at one moment. */
export type Observed = {
  /** By step. */
  counts: Counts[];
  /** Codes of failed targets in the open steps, the commonest first. */
  failures: string[];
  tampered: Tampered | null;
  /** Targets that ran the pack at any time and were not brought back. */
  activated: number;
  measures: Measures;
  /** The channel has a pack to go back to. */
  way_back: boolean;
  /** The channel runs another pack, and has none to go back to. */
  stranded: boolean;
  /** Requirements that are not met, in words. */
  unmet: string[];
  /** Releases that require one another in a circle, which this one closed; null for none. */
  circle: string[] | null;
};

const ceilPercent = (count: number, percent: number): number => Math.ceil((count * percent) / 100);

/** Targets that count: all but those left out. */
export const heard = (counts: Counts): number => counts.total - counts.OFFLINE_EXCLUDED;

/** Confirmed targets that a step needs, at least one. */
export const neededOf = (threshold: number, counts: Counts): number =>
  Math.max(1, ceilPercent(heard(counts), threshold));

/** Whether the share that may be left out is not exceeded when `silent` more are. */
export const hasQuorum = (quorum: number, counts: Counts, silent = 0): boolean =>
  counts.total === 0 || heard(counts) - silent >= Math.max(1, ceilPercent(counts.total, quorum));

/** Targets of the step that have what it is about. */
export const confirmedOf = (kind: 'open' | 'prefetch' | 'switch', counts: Counts): number =>
  kind === 'prefetch' ? counts.VERIFIED + counts.ACTIVATED + counts.CONFIRMED : counts.CONFIRMED;

/** Whether so many failed that the step cannot be confirmed any more. Who timed out may still come. */
export const isLost = (threshold: number, counts: Counts): boolean =>
  counts.total > 0 && heard(counts) - counts.FAILED < neededOf(threshold, counts);
