import type { ReleaseEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import type { No } from '../inputs.ts';
import type { Alarm, Send } from '../sends.ts';
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

export const fold = (state: ReleaseState, events: readonly ReleaseEvent[]): ReleaseState =>
  events.reduce(evolve, state);

/** What is decided first, and then what follows on the state it leads to. */
export function and(state: ReleaseState, first: Yes, following: (state: ReleaseState) => Yes): Yes {
  const second = following(fold(state, first.events));
  return {
    ok: true,
    events: [...first.events, ...second.events],
    sends: [...first.sends, ...second.sends],
    alarms: [...first.alarms, ...second.alarms],
  };
}
