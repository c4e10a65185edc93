import type { ReleaseEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import type { No } from '../inputs.ts';
import { type Alarm, nowAlarm, type Send } from '../sends.ts';
import type { ReleaseState } from '../state.ts';

export type Yes = { ok: true; events: ReleaseEvent[]; sends: Send[]; alarms: Alarm[] };
export type Decision = Yes | No;

export const yes = (part: { events?: ReleaseEvent[]; sends?: Send[]; alarms?: Alarm[] } = {}): Yes => ({
  ok: true,
  events: part.events ?? [],
  sends: part.sends ?? [],
  alarms: part.alarms ?? [],
});

/** Already so, or of no consequence: accepted, and nothing changes. */
export const nothing: Yes = yes();

/** Something that a look may follow from has happened. */
export const lookNow: Alarm = { id: nowAlarm, kind: 'look', due_in_ms: 0, data: {} };

export const fold = (state: ReleaseState, events: readonly ReleaseEvent[]): ReleaseState =>
  events.reduce(evolve, state);
