import { expect, test } from 'vitest';
import { createLog } from './log.ts';
import { createNoise } from './noise.ts';

const heard = () => {
  const lines: { code: string; count: number; detail: string }[] = [];
  const log = createLog({ service: 'test', destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  return { lines, noise: createNoise(log) };
};

test('a flood of a million costs a line per code until ten, then one per power of ten', () => {
  const { lines, noise } = heard();
  for (let i = 0; i < 1_000_000; i++) noise.hear('MESSAGE_MALFORMED', { tenant_id: 'acme', detail: 'no' });
  noise.hear('JSON_MALFORMED', { tenant_id: 'acme', detail: 'no' });
  expect(noise.counts()).toEqual({ MESSAGE_MALFORMED: 1_000_000, JSON_MALFORMED: 1 });
  expect(lines.map(({ count }) => count)).toEqual([
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    ...[100, 1_000, 10_000, 100_000, 1_000_000],
    1,
  ]);
});

test('words of a sender are cut, and stay text', () => {
  const { lines, noise } = heard();
  noise.hear('MESSAGE_MALFORMED', { tenant_id: 'acme', detail: `${'x'.repeat(299)}\ud83d\ude00 and more` });
  expect(lines[0]?.detail).toBe(`${'x'.repeat(299)}\ufffd`);
});
