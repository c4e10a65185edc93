import type { ChannelName, ReasonCode } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import type { Tx } from './db.ts';

/** Names an aggregate within its machine. */
export type Key = { tenant_id: string; id: string };

/** Text of a key, for maps. A tenant id has no slash, so two keys never share a text. */
export const keyText = (key: Key): string => `${key.tenant_id}/${key.id}`;

/**
 * Sets an alarm, `due_in_ms` after the database's now, or takes one back. Setting one that is there moves it.
 * `id` is unique within the aggregate; 100 characters at most.
 */
export type Alarm = { id: string; due_in_ms: number; kind: string; data: JsonValue } | { cancel: string };

/** What a machine decided. A refusal commits too: its inbox row, and the events and sends that record it. */
export type Outcome<Event, Send, Alm extends Alarm = Alarm> =
  | { ok: true; events: Event[]; sends: Send[]; alarms: Alm[] }
  | { ok: false; code: ReasonCode; detail: string; events?: Event[]; sends?: Send[] };

/** `now` is the database clock in RFC 3339, UTC, milliseconds, read after the locks: it never goes back for an aggregate. */
export type Timed<Input> = Input & { now: string };

/** A row to save. `version` is the number of events folded so far, so the expected one is `version - events.length`. */
export type SaveRow<State, Event> = { key: Key; state: State; version: number; phase: string; events: Event[] };

export type Repo<State, Event> = {
  /**
   * Loads and locks (`FOR UPDATE`, in the order given, which is the order of tenant and id). Keys without a row are
   * absent from the map, which is keyed by `keyText`.
   */
  load(tx: Tx, keys: readonly Key[]): Promise<Map<string, { state: State; version: number }>>;
  /**
   * Writes states and appends events; the statements may be under way when it returns. The transaction fails with STATE_CONFLICT when a row is not at its
   * expected version any more, or another transaction made it first; the batch is then run again.
   */
  save(tx: Tx, rows: readonly SaveRow<State, Event>[]): Promise<void>;
};

/** A state machine and where its aggregates are kept. `decide` and `evolve` are pure and never throw. */
export type Machine<State, Input, Event, Send, Alm extends Alarm = Alarm> = {
  name: string;
  keyOf(input: Input): Key;
  initial(key: Key): State;
  /**
   * Reads, behind the locks of the aggregates and before `decide`, what other aggregates say that a decision must not be older than; locks it, so that it
   * stands until the commit. Answers the inputs in their order, with what was read in them. One that takes locks takes them in one order.
   */
  reread?(tx: Tx, inputs: readonly Input[]): Promise<readonly Input[]>;
  decide(state: State, input: Timed<Input>): Outcome<Event, Send, Alm>;
  evolve(state: State, event: Event): State;
  phaseOf(state: State): string;
  repo: Repo<State, Event>;
};

/**
 * A message for a machine. `message_id` is the inbox key: unique per service, 128 characters at most. `traceparent` is the span that it comes from,
 * `link` one of another trace that has to do with it.
 */
export type Incoming<Input> = {
  message_id: string;
  input: Input;
  traceparent: string | null;
  link?: string | null;
};

/** A send with what it comes from. */
export type SendOf<Send> = { key: Key; send: Send; message_id: string; traceparent: string | null };

/**
 * A message to say. `aggregate` orders: of one aggregate, a row leaves when the one before it was answered (public
 * events are ordered among themselves). `item` is one item of an envelope, the whole message for `event`. Where part of
 * `item` stands in another table of the service, written in the same transaction and never changed, `kept` is the rest; the relay's `fill` restores the
 * whole when it reads the row back.
 */
export type OutRow = {
  subject: string;
  transport: 'work-queue' | 'request' | 'event' | 'local';
  tenant_id: string;
  aggregate: string;
  message_id: string;
  item: JsonValue;
  kept?: JsonValue;
  channel: ChannelName | 'event' | 'local';
};

/**
 * What became of a message, as in an Ack: `accepted`, `refused` (with the rule's code) and `duplicate` are durable,
 * `later` means that nothing happened and the sender is to keep it.
 */
export type ItemResult = { outcome: 'accepted' | 'duplicate' | 'refused' | 'later'; code: ReasonCode | null };
