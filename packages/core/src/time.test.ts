import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { after } from './time.ts';

describe('after', () => {
  it('agrees with the platform on every time of four centuries', () => {
    const time = fc.date({
      min: new Date('1970-01-01T00:00:00.000Z'),
      max: new Date('2370-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(time, fc.integer({ min: 0, max: 400 * 86_400_000 }), (date, ms) => {
        expect(after(date.toISOString(), ms)).toBe(new Date(date.getTime() + ms).toISOString());
      }),
    );
  });

  it.each([
    ['2024-02-28T23:59:59.900Z', 100, '2024-02-29T00:00:00.000Z'],
    ['2100-02-28T00:00:00.000Z', 86_400_000, '2100-03-01T00:00:00.000Z'],
    ['2026-12-31T23:59:59.999Z', 1, '2027-01-01T00:00:00.000Z'],
  ])('%s and %i ms is %s', (time, ms, expected) => {
    expect(after(time, ms)).toBe(expected);
  });
});
