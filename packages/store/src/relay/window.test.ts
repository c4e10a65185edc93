import { maxMessageBytes } from '@orgo/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutboxRow } from '../outbox-row.ts';
import { type Answer, type Batch, createWindow } from './window.ts';

const limits = { rows: 1_000, rowsPerSubject: 100, backoff: { baseMs: 10, maxMs: 100 } };
let last = 0;
const row = (aggregate: string, more: Partial<OutboxRow> = {}): OutboxRow => ({
  id: `${++last}`,
  tenant_id: 't',
  aggregate,
  subject: 's',
  transport: 'request',
  channel: 'decision',
  message_id: `m${last}`,
  item: '{}',
  ...more,
});
const drain = (window: ReturnType<typeof createWindow>, now: number): Batch[] => {
  const batches: Batch[] = [];
  for (let batch = window.take(now); batch !== undefined; batch = window.take(now)) batches.push(batch);
  return batches;
};
const of = (batch: Batch | undefined): string[] => (batch?.rows ?? []).map((one) => one.aggregate);

describe('createWindow', () => {
  it('gives one message per subject, with one row per aggregate', () => {
    const window = createWindow(limits);
    window.hold([row('a'), row('b'), row('a'), row('c', { subject: 'z' })]);
    const [first, second, ...more] = drain(window, 0);
    expect([of(first), of(second), more]).toEqual([['a', 'b'], ['c'], []]);
    window.settle(first as Batch, ['gone', 'gone'], 0);
    expect(of(window.take(0))).toEqual(['a']);
  });

  it('holds a later row of an aggregate back although it goes elsewhere, unless it is a public event', () => {
    const window = createWindow(limits);
    window.hold([row('a'), row('a', { subject: 'z' }), row('a', { subject: 'e', transport: 'event' })]);
    const batches = drain(window, 0);
    expect(batches.map((batch) => batch.subject)).toEqual(['s', 'e']);
    window.settle(batches[0] as Batch, ['gone'], 0);
    expect(window.take(0)?.subject).toBe('z');
  });

  it('pauses a subject that fails, longer each time, and only that', () => {
    const window = createWindow(limits);
    window.hold([row('a'), row('b', { subject: 'z' })]);
    const [first] = drain(window, 0) as [Batch];
    const { pauseMs } = window.fail(first, 0);
    expect(window.take(pauseMs - 1)).toBeUndefined();
    expect(window.nextDue()).toBe(pauseMs);
    const again = window.take(pauseMs) as Batch;
    expect(of(again)).toEqual(['a']);
    window.fail(again, 0);
    window.hold([row('c', { subject: 'y' })]);
    expect(of(window.take(0))).toEqual(['c']);
    window.retryNow();
    expect(of(window.take(0))).toEqual(['a']);
  });

  it('pauses a row that is put off, and lets the others of its subject pass', () => {
    const window = createWindow(limits);
    window.hold([row('a'), row('b')]);
    window.settle(window.take(0) as Batch, ['later', 'gone'], 0);
    window.hold([row('c')]);
    expect(of(window.take(0))).toEqual(['c']);
    expect(window.take(limits.backoff.baseMs)).toBeUndefined();
  });

  it('lets a row that was read later and written earlier pass one that was put off', () => {
    const window = createWindow(limits);
    const [early, late, last] = [row('a'), row('a'), row('a')];
    window.hold([late]);
    const first = window.take(0) as Batch;
    window.hold([last, early]);
    window.settle(first, ['later'], 0);
    const sent = [1, 2, 3].map(() => {
      const batch = window.take(limits.backoff.maxMs) as Batch;
      window.settle(batch, ['gone'], 0);
      return batch.rows.map(({ id }) => id);
    });
    expect(sent).toEqual([[early.id], [late.id], [last.id]]);
    expect(window.takeGone()).toHaveLength(3);
  });

  it('sends alone what is to go alone', () => {
    const window = createWindow(limits);
    window.hold([row('a'), row('b'), row('c')]);
    window.settle(window.take(0) as Batch, ['alone', 'alone', 'alone'], 0);
    window.hold([row('d')]);
    for (const expected of [['a'], ['b'], ['c'], ['d']]) {
      const batch = window.take(0) as Batch;
      expect(of(batch)).toEqual(expected);
      window.settle(batch, ['gone'], 0);
    }
  });

  it('names the subjects that have enough, and how much room is left', () => {
    const window = createWindow({ ...limits, rows: 150, rowsPerSubject: 100 });
    window.hold(Array.from({ length: 100 }, (_, i) => row(`a${i}`)));
    window.hold([row('b', { subject: 'z' })]);
    expect(window.fullSubjects()).toEqual(['s']);
    expect(window.room()).toBe(49);
    const batch = window.take(0) as Batch;
    window.settle(
      batch,
      batch.rows.map(() => 'gone' as const),
      0,
    );
    expect(window.fullSubjects()).toEqual([]);
    // Until it is deleted a row could be read again, so it is still held.
    expect(window.room()).toBe(49);
    window.forget(window.takeGone());
    expect(window.room()).toBe(149);
  });

  it('never sends two rows of an aggregate at once or out of order, never more than fits, and in the end everything', () => {
    const answers: Answer[] = ['gone', 'gone', 'later', 'alone'];
    const rowOf = fc.record({
      aggregate: fc.constantFrom('a', 'b', 'c', 'd'),
      subject: fc.constantFrom('s', 'z'),
      size: fc.constantFrom(10, 1_000, 300_000, 520_000),
      transport: fc.constantFrom('request' as const, 'work-queue' as const, 'event' as const),
    });
    fc.assert(
      fc.property(fc.array(rowOf, { maxLength: 40 }), fc.infiniteStream(fc.nat(99)), (specs, dice) => {
        const window = createWindow(limits);
        const roll = (sides: number): number => (dice.next().value ?? 0) % sides;
        const waiting = specs.map(({ size, ...more }) => row(more.aggregate, { ...more, item: 'x'.repeat(size) }));
        const all = [...waiting];
        const sent = new Map<string, string[]>();
        const flying: Batch[] = [];
        const orderOf = (one: OutboxRow): string => `${one.transport === 'event'} ${one.aggregate}`;
        for (let now = 0; [...sent.values()].flat().length < all.length; now += 20) {
          expect(now).toBeLessThan(100_000);
          if (waiting.length > 0) window.hold(waiting.splice(0, 1 + roll(9)));
          flying.push(...drain(window, now));
          const inFlight = flying.flatMap((batch) => batch.rows.map(orderOf));
          expect(new Set(inFlight).size).toBe(inFlight.length);
          for (const batch of flying) {
            expect(batch.rows.reduce((n, one) => n + one.item.length + 1, 0)).toBeLessThan(maxMessageBytes);
          }
          const [batch] = flying.splice(roll(Math.max(1, flying.length)), 1);
          if (batch === undefined) continue;
          if (roll(5) === 0) window.fail(batch, now);
          else {
            const said = batch.rows.map(() => answers[roll(answers.length)] as Answer);
            window.settle(batch, said, now);
            batch.rows.forEach((one, index) => {
              if (said[index] === 'gone') sent.set(orderOf(one), [...(sent.get(orderOf(one)) ?? []), one.id]);
            });
          }
          window.forget(window.takeGone());
        }
        for (const [order, ids] of sent) {
          expect(ids).toEqual(all.filter((one) => orderOf(one) === order).map((one) => one.id));
        }
        expect(window.heldIds()).toEqual([]);
      }),
    );
  });
});
