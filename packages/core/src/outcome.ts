import type { ReasonCode } from './result.ts';

/**
 * What a state machine decided, as data: events to fold and append, sends for the outbox, alarms to set. A refusal commits too, so
 * it may carry events and sends that record it. Who decides never throws for what the rules refuse, never waits and reads no clock: inputs carry the
 * time and the facts, and the same arguments give the same outcome.
 */
export type Outcome<Event, Send, Alarm> =
  | { ok: true; events: Event[]; sends: Send[]; alarms: Alarm[] }
  | { ok: false; code: ReasonCode; detail: string; events?: Event[]; sends?: Send[] };
