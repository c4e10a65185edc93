import { expect, test } from 'vitest';
import { openings } from './openings.ts';

test('lets go of everything once, the last first, whoever fails, and says what is left of the time', async () => {
  const failed: unknown[] = [];
  const closed: [string, number][] = [];
  const { opened, close } = openings((error) => failed.push(error));
  const open = (name: string, body: () => Promise<unknown> | unknown): void =>
    opened((leftMs) => {
      closed.push([name, leftMs]);
      return body();
    });
  open('first', () => undefined);
  open('throws', () => {
    throw new Error('stuck');
  });
  open('rejects', () => Promise.reject(new Error('lost')));
  open('slow', async () => {
    const until = performance.now() + 20;
    while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
  });
  await close(60_000);
  await close(60_000);
  expect(closed.map(([name]) => name)).toEqual(['slow', 'rejects', 'throws', 'first']);
  expect(failed).toMatchObject([{ message: 'lost' }, { message: 'stuck' }]);
  const [before = 0, after = 0] = closed.map(([, leftMs]) => leftMs);
  expect(before - after).toBeGreaterThan(19);
});

test('has no time to give once the deadline is over', async () => {
  const left: number[] = [];
  const { opened, close } = openings(() => undefined);
  opened((leftMs) => left.push(leftMs));
  opened((leftMs) => left.push(leftMs));
  await close(-1);
  expect(left).toEqual([0, 0]);
});
