import type { AlarmChange } from '../alarm-rows.ts';
import {
  type Alarm,
  type Incoming,
  type ItemResult,
  type Key,
  keyText,
  type Machine,
  type SaveRow,
  type SendOf,
} from '../machine.ts';

/** What a batch comes to: one result per message, and the rows to write. */
export type Turn<State, Event, Send> = {
  results: ItemResult[];
  saves: SaveRow<State, Event>[];
  sends: SendOf<Send>[];
  alarms: AlarmChange[];
};

type Aggregate<State, Event> = SaveRow<State, Event>;

/** The distinct aggregates of a batch in the order of tenant and id, which is the order in which they are locked. */
export const keysOf = <Input>(keyOf: (input: Input) => Key, incoming: readonly Incoming<Input>[]): Key[] => {
  const keys = new Map<string, Key>();
  for (const { input } of incoming) {
    const key = keyOf(input);
    keys.set(keyText(key), key);
  }
  return [...keys.keys()].sort().map((text) => keys.get(text) as Key);
};

/**
 * Decides a batch in order and folds what was decided; several messages for one aggregate see each other's events. Pure:
 * `fresh` are the message ids that were not seen before, `loaded` the states, `now` the time to decide by. A message
 * that comes twice in the batch is a duplicate the second time.
 */
export const decideBatch = <State, Input, Event, Send, Alm extends Alarm>(
  machine: Pick<Machine<State, Input, Event, Send, Alm>, 'keyOf' | 'initial' | 'decide' | 'evolve' | 'phaseOf'>,
  incoming: readonly Incoming<Input>[],
  known: { fresh: ReadonlySet<string>; loaded: ReadonlyMap<string, { state: State; version: number }>; now: string },
): Turn<State, Event, Send> => {
  const aggregates = new Map<string, Aggregate<State, Event>>();
  const alarms = new Map<string, AlarmChange>();
  const turn: Turn<State, Event, Send> = { results: [], saves: [], sends: [], alarms: [] };
  const fresh = new Set(known.fresh);

  const aggregateOf = (key: Key): Aggregate<State, Event> => {
    const text = keyText(key);
    const open = aggregates.get(text);
    if (open !== undefined) return open;
    const { state, version } = known.loaded.get(text) ?? { state: machine.initial(key), version: 0 };
    const aggregate = { key, state, version, phase: '', events: [] };
    aggregates.set(text, aggregate);
    return aggregate;
  };

  for (const { message_id, input, traceparent } of incoming) {
    if (!fresh.delete(message_id)) {
      turn.results.push({ outcome: 'duplicate', code: null });
      continue;
    }
    const aggregate = aggregateOf(machine.keyOf(input));
    const { key } = aggregate;
    const outcome = machine.decide(aggregate.state, { ...input, now: known.now });
    for (const event of outcome.events ?? []) {
      aggregate.state = machine.evolve(aggregate.state, event);
      aggregate.version++;
      aggregate.events.push(event);
    }
    for (const send of outcome.sends ?? []) turn.sends.push({ key, send, message_id, traceparent });
    for (const alarm of outcome.ok ? outcome.alarms : []) {
      const set = 'cancel' in alarm ? null : (alarm as Exclude<Alm, { cancel: string }>);
      const alarm_id = 'cancel' in alarm ? alarm.cancel : alarm.id;
      alarms.set(`${keyText(key)}\n${alarm_id}`, { key, alarm_id, set, traceparent });
    }
    turn.results.push(outcome.ok ? { outcome: 'accepted', code: null } : { outcome: 'refused', code: outcome.code });
  }

  for (const aggregate of aggregates.values()) {
    if (aggregate.events.length === 0) continue;
    aggregate.phase = machine.phaseOf(aggregate.state);
    turn.saves.push(aggregate);
  }
  turn.alarms = [...alarms.values()];
  return turn;
};
