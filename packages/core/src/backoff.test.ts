import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const policy = { baseMs: 100, maxMs: 30_000 };

it('stays in the upper half of each doubling step, below the maximum', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.string(), (attempt, seed) => {
      const step = Math.min(30_000, 100 * 2 ** (attempt - 1));
      const wait = backoffMs(attempt, { ...policy, seed });
      expect(wait).toBeGreaterThanOrEqual(Math.floor(step / 2));
      expect(wait).toBeLessThanOrEqual(step);
      expect(Number.isInteger(wait)).toBe(true);
    }),
  );
});

it('is the same for the same seed and attempt', () => {
  expect(backoffMs(4, { ...policy, seed: 'cmd-1' })).toBe(backoffMs(4, { ...policy, seed: 'cmd-1' }));
});

it('spreads different seeds over the step', () => {
  const waits = Array.from({ length: 200 }, (_, i) => backoffMs(5, { ...policy, seed: `cmd-${i}` }));
  expect(new Set(waits).size).toBeGreaterThan(150);
  expect(Math.min(...waits)).toBeLessThan(900);
  expect(Math.max(...waits)).toBeGreaterThan(1500);
});

it('treats attempts below one as the first', () => {
  expect(backoffMs(0, { ...policy, seed: 's' })).toBeLessThanOrEqual(100);
  expect(backoffMs(-5, { ...policy, seed: 's' })).toBeGreaterThanOrEqual(50);
});
