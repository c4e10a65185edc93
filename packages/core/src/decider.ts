import type { ReasonCode } from './result.ts';

/**
 * What was decided, as data: events to fold and append, sends for the outbox, alarms to set. A refusal commits too, so
 * it may carry events and sends that record it.
 */
export type Outcome<Event, Send, Alarm> =
  | { ok: true; events: Event[]; sends: Send[]; alarms: Alarm[] }
  | { ok: false; code: ReasonCode; detail: string; events?: Event[]; sends?: Send[] };

/**
 * A state machine without I/O. Inputs carry the time and the facts they need.
 * `decide` never throws for what the rules refuse, never waits, reads no clock; the same arguments give the same outcome.
 * `evolve` is total: it folds an event that was decided, and refuses nothing.
 */
export type Decider<State, Input, Event, Send, Alarm> = {
  /** State of an aggregate that has no events yet. */
  initial(key: string): State;
  decide(state: State, input: Input): Outcome<Event, Send, Alarm>;
  evolve(state: State, event: Event): State;
};
