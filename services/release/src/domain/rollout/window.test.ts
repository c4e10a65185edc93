import type { ReleaseWindow } from '@orgo/contracts';
import { epochMs, timeOf } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opened } from '../world-run.fixture.ts';
import { opensAt } from './window.ts';

const weekend: ReleaseWindow = { days: ['sat'], from: '22:00', to: '02:00', zone: 'Europe/Zurich' };
const opening = (at: string, windows: ReleaseWindow[], freezes: { from: string; to: string }[] = []) => {
  const found = opensAt(
    { windows, freezes: freezes.map((freeze) => ({ ...freeze, reason: 'r' })) },
    epochMs(at),
    epochMs('2027-12-31T00:00:00.000Z'),
  );
  return found === null ? null : timeOf(found);
};

describe('when a step may be opened', () => {
  it.each([
    ['before it, in winter', '2026-11-20T12:00:00.000Z', '2026-11-21T21:00:00.000Z'],
    ['before it, in summer', '2026-07-03T12:00:00.000Z', '2026-07-04T20:00:00.000Z'],
    ['in it, past midnight', '2026-11-22T00:30:00.000Z', '2026-11-22T00:30:00.000Z'],
    ['at its end, which is outside', '2026-11-22T01:00:00.000Z', '2026-11-28T21:00:00.000Z'],
  ])('%s', (_, at, opens) => {
    expect(opening(at, [weekend])).toBe(opens);
  });
  it('an hour that the clocks leave out opens at their next minute', () => {
    const spring: ReleaseWindow = { days: ['sun'], from: '02:30', to: '04:00', zone: 'Europe/Zurich' };
    expect(opening('2026-03-29T00:00:00.000Z', [spring])).toBe('2026-03-29T01:00:00.000Z');
  });
  it('outside every freeze', () => {
    const freeze = { from: '2026-11-21T20:00:00.000Z', to: '2026-11-21T23:00:00.000Z' };
    expect(opening('2026-11-20T12:00:00.000Z', [weekend], [freeze])).toBe(freeze.to);
    expect(opening('2026-11-21T21:00:00.000Z', [], [freeze])).toBe(freeze.to);
  });
  it('never, where a freeze covers all of it', () => {
    expect(
      opening(
        '2026-11-20T12:00:00.000Z',
        [weekend],
        [{ from: '2026-01-01T00:00:00.000Z', to: '2028-01-01T00:00:00.000Z' }],
      ),
    ).toBeNull();
  });
  it('what it names is open, and nothing before it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 525_600 }), fc.integer({ min: 1, max: 400 }), (minutes, back) => {
        const at = epochMs('2026-01-01T00:00:00.000Z') + minutes * 60_000;
        const until = at + 30 * 86_400_000;
        const plan = { windows: [weekend], freezes: [] };
        const opens = opensAt(plan, at, until) ?? Number.NaN;
        expect(opensAt(plan, opens, until)).toBe(opens);
        if (opens - back * 60_000 > at) expect(opensAt(plan, opens - back * 60_000, until)).toBe(opens);
      }),
      { numRuns: 60 },
    );
  });
});

it('a release waits for its window, says until when, and goes on when it opens', () => {
  // The world begins on a Friday at noon.
  const live = opened({ windows: [weekend] }, 1);
  expect(live.state.runs[0]?.state).toBe('WAITING_WINDOW');
  expect(live.channel.open).toBe(0);
  expect([...live.alarms.values()]).toContain('2026-11-21T21:00:00.000Z');
  live.tick(epochMs('2026-11-21T21:00:00.000Z') - epochMs(live.now));
  expect(live.look().calm().channel.open).toBe(1);
});

it('a freeze that begins before the next cohort holds it back', () => {
  const freezes = [{ from: '2026-11-20T12:00:01.000Z', to: '2026-11-20T13:00:00.000Z', reason: 'fair' }];
  const stages = [{ name: 'canary', cohort: { by: 'ids', ids: ['n1'] } }];
  const live = opened({ freezes, strategy: { mode: 'staged', stages } }, 2);
  live.tick(2000).report('n1', 'CONFIRMED').look().calm();
  expect([live.state.current, live.channel.open]).toEqual([1, 1]);
  expect(live.tick(3_600_000).look().calm().channel.open).toBe(2);
});
