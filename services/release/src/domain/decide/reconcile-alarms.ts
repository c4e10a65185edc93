import { epochMs } from '@orgo/core';
import { type Alarm, nowAlarm, timeAlarm } from '../sends.ts';
import type { ReleaseState } from '../state.ts';

/** Looks when time alone may change something. */
export const deadlineAlarm = (due_in_ms: number): Alarm => ({
  id: timeAlarm,
  kind: 'look',
  due_in_ms: Math.max(0, due_in_ms),
  data: {},
});

/** Terminal releases and RELEASED ones have no deadline. */
export const noAlarms: Alarm[] = [{ cancel: timeAlarm }, { cancel: nowAlarm }];

const over: readonly ReleaseState['phase'][] = ['NEW', 'RELEASED', 'ROLLED_BACK', 'FAILED', 'CANCELED'];
export const isOver = ({ phase }: ReleaseState): boolean => over.includes(phase);

/** Sets the one look that time asks for, from the absolute times in the row; takes it back where there is none. */
export function alarmsOf(state: ReleaseState, wakeAt: string | null, now: string): Alarm[] {
  if (isOver(state)) return noAlarms;
  return wakeAt === null ? [] : [deadlineAlarm(epochMs(wakeAt) - epochMs(now))];
}
