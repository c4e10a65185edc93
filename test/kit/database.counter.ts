import type { JsonValue } from '@orgo/core';
import type { Alarm, Incoming, Key, Machine, OutRow, SendOf } from '@orgo/store/machine';
import { tableRepo } from '@orgo/store/repo';

/** The smallest machine with everything in it: counts up, refuses to go down, says its value, sets and takes back an alarm. */
export type Counter = { count: number; refused: number; alarms: string[] };
export type CounterInput = Key & { add: number; alarm?: Alarm; rang?: string; pad?: string; silent?: boolean };
export type CounterEvent =
  | { type: 'ADDED'; by: number; at: string }
  | { type: 'REFUSED' }
  | { type: 'RANG'; alarm: string };
export type CounterSend = { count: number };

export const counter: Machine<Counter, CounterInput, CounterEvent, CounterSend> = {
  name: 'counter',
  keyOf: ({ tenant_id, id }) => ({ tenant_id, id }),
  initial: () => ({ count: 0, refused: 0, alarms: [] }),
  decide: (state, input) => {
    if (input.add < 0) {
      return {
        ok: false,
        code: 'QUOTA_EXCEEDED',
        detail: 'counts up only',
        events: [{ type: 'REFUSED' }],
        sends: [{ count: -1 }],
      };
    }
    const rang: CounterEvent[] = input.rang === undefined ? [] : [{ type: 'RANG', alarm: input.rang }];
    const added: CounterEvent[] = input.add === 0 ? [] : [{ type: 'ADDED', by: input.add, at: input.now }];
    const sends = input.silent === true || added.length === 0 ? [] : [{ count: state.count + input.add }];
    return { ok: true, events: [...rang, ...added], sends, alarms: input.alarm === undefined ? [] : [input.alarm] };
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'ADDED':
        return { ...state, count: state.count + event.by };
      case 'REFUSED':
        return { ...state, refused: state.refused + 1 };
      case 'RANG':
        return { ...state, alarms: [...state.alarms, event.alarm] };
    }
  },
  phaseOf: (state) => (state.count === 0 ? 'NEW' : 'COUNTING'),
  repo: tableRepo('counter'),
};

export const add = (
  tenant_id: string,
  id: string,
  message_id: string,
  by = 1,
  more: Partial<CounterInput> = {},
): Incoming<CounterInput> => ({
  message_id,
  input: { tenant_id, id, add: by, ...more },
  traceparent: null,
});

/** Says each value on the decision channel of its tenant, under an id that names the aggregate and the value. */
export const encodeCounts = (sends: readonly SendOf<CounterSend>[]): Promise<OutRow[]> =>
  Promise.resolve(
    sends.map(({ key, send, message_id }) => ({
      subject: `orgo.v1.${key.tenant_id}.audit.decision`,
      transport: 'request',
      channel: 'decision',
      tenant_id: key.tenant_id,
      aggregate: key.id,
      message_id: `${key.id}:${message_id}`,
      item: { id: key.id, count: send.count, cause: message_id } as JsonValue,
    })),
  );
