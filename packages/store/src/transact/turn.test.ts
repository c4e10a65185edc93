import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alarm, type Incoming, type Key, keyText, type Outcome } from '../machine.ts';
import { decideBatch, keysOf } from './turn.ts';

type Input = Key & { by: number; alarm?: Alarm };
type Event = { type: 'ADDED'; by: number };
const machine = {
  keyOf: ({ tenant_id, id }: Input) => ({ tenant_id, id }),
  initial: () => 0,
  decide: (state: number, input: Input): Outcome<Event, number> =>
    input.by < 0
      ? { ok: false, code: 'QUOTA_EXCEEDED', detail: 'no', sends: [-1] }
      : {
          ok: true,
          events: input.by === 0 ? [] : [{ type: 'ADDED', by: input.by }],
          sends: [state + input.by],
          alarms: input.alarm ? [input.alarm] : [],
        },
  evolve: (state: number, event: Event) => state + event.by,
  phaseOf: (state: number) => (state > 9 ? 'MANY' : 'FEW'),
};
const of = (id: string, message_id: string, by: number, alarm?: Alarm): Incoming<Input> => ({
  message_id,
  input: { tenant_id: 't', id, by, ...(alarm && { alarm }) },
  traceparent: null,
});
const now = '2026-01-01T00:00:00.000Z';
const none = new Map<string, { state: number; version: number }>();
const turnOf = (incoming: Incoming<Input>[], loaded = none, fresh = new Set(incoming.map((item) => item.message_id))) =>
  decideBatch(machine, incoming, { fresh, loaded, now });

describe('decideBatch', () => {
  it('lets messages for one aggregate see each other', () => {
    const turn = turnOf(
      [of('a', '1', 5), of('b', '2', 1), of('a', '3', 6)],
      new Map([['t/a', { state: 1, version: 4 }]]),
    );
    expect(turn.sends.map(({ send, message_id }) => [message_id, send])).toEqual([
      ['1', 6],
      ['2', 1],
      ['3', 12],
    ]);
    expect(turn.saves).toMatchObject([
      { key: { id: 'a' }, state: 12, version: 6, phase: 'MANY', events: [{ by: 5 }, { by: 6 }] },
      { key: { id: 'b' }, state: 1, version: 1, phase: 'FEW' },
    ]);
  });
  it('does not save what had no events', () => {
    expect(turnOf([of('a', '1', 0)])).toMatchObject({
      results: [{ outcome: 'accepted' }],
      saves: [],
      sends: [{ send: 0 }],
    });
  });
  it('keeps the sends of a refusal', () => {
    expect(turnOf([of('a', '1', -1)])).toMatchObject({
      results: [{ outcome: 'refused', code: 'QUOTA_EXCEEDED' }],
      saves: [],
      sends: [{ send: -1 }],
    });
  });
  it('keeps the last word about an alarm', () => {
    const set = { id: 'x', due_in_ms: 1, kind: 'K', data: null };
    const turn = turnOf([
      of('a', '1', 0, set),
      of('a', '2', 0, { cancel: 'x' }),
      of('b', '3', 0, { cancel: 'x' }),
      of('b', '4', 0, set),
    ]);
    expect(turn.alarms).toMatchObject([
      { key: { id: 'a' }, alarm_id: 'x', set: null },
      { key: { id: 'b' }, alarm_id: 'x', set },
    ]);
  });
  it('comes to the same state however messages are cut into batches and repeated', () => {
    const item = fc.record({
      id: fc.constantFrom('a', 'b'),
      message_id: fc.constantFrom(...'0123456789'),
      by: fc.integer({ min: -2, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), fc.array(fc.nat(5)), (items, cuts) => {
        const all = items.map(({ id, message_id, by }) => of(id, message_id, by));
        const inbox = new Set<string>();
        const states = new Map<string, { state: number; version: number }>();
        const rest = [...all];
        for (let i = 0; rest.length > 0; i++) {
          const batch = rest.splice(0, 1 + (cuts[i] ?? 0));
          const fresh = new Set(batch.map((one) => one.message_id).filter((id) => !inbox.has(id)));
          for (const save of turnOf(batch, states, fresh).saves)
            states.set(keyText(save.key), { state: save.state, version: save.version });
          for (const one of batch) inbox.add(one.message_id);
        }
        const whole = turnOf(all);
        for (const save of whole.saves)
          expect(states.get(keyText(save.key))).toEqual({ state: save.state, version: save.version });
        expect(states.size).toBe(whole.saves.length);
      }),
    );
  });
});

describe('keysOf', () => {
  it('names each aggregate once, in the order of locking', () => {
    const keys = keysOf(machine.keyOf, [of('b', '1', 1), of('a', '2', 1), of('b', '3', 1)]);
    expect(keys.map(keyText)).toEqual(['t/a', 't/b']);
  });
});
