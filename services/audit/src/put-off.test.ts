import { digestOf } from '@orgo/core';
import { createLog } from '@orgo/runtime/log';
import { expect, test } from 'vitest';
import { createPutOff } from './put-off.ts';

type Line = { level: string; code?: string; because?: string; tries: number; waited_ms?: number; msg: string };

const heard = () => {
  const lines: Line[] = [];
  const log = createLog({ service: 'test', destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  const clock = { ms: 0 };
  return { lines, clock, putOff: createPutOff(log, () => clock.ms) };
};
const about = (n: number) => ({ tenant_id: 'acme', build_id: 'bld_1', digest: digestOf(n), ref: digestOf('report') });
const missing = { breach: false };

test('a decision that stands for a minute is a page with its code, and again at twice the time', () => {
  const { lines, clock, putOff } = heard();
  for (clock.ms = 0; clock.ms <= 600_000; clock.ms += 2_000) putOff.again(about(1), 'GATE_EVIDENCE_MISSING', missing);
  expect(lines[0]).toMatchObject({ level: 'warn', code: 'GATE_EVIDENCE_MISSING', tries: 1 });
  expect(lines.slice(1).map(({ level, code, because, waited_ms }) => [level, code, because, waited_ms])).toEqual(
    [60_000, 120_000, 240_000, 480_000].map((ms) => ['fatal', 'DECISION_PUT_OFF', 'GATE_EVIDENCE_MISSING', ms]),
  );
  expect(lines[1]).toMatchObject({ tries: 31, build_id: 'bld_1', digest: digestOf(1), ref: digestOf('report') });
  expect(putOff.count()).toBe(1);
});

test('one that is sealed in time calls nobody, and one that is sealed late is told', () => {
  const { lines, clock, putOff } = heard();
  putOff.again(about(1), 'GATE_EVIDENCE_MISSING', missing);
  putOff.again(about(2), 'HASH_MISMATCH', { breach: true });
  clock.ms = 59_000;
  putOff.sealed([digestOf(1), digestOf(3)]);
  clock.ms = 70_000;
  putOff.again(about(2), 'HASH_MISMATCH', { breach: true });
  putOff.sealed([digestOf(2)]);
  expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
    'warn a decision cannot be sealed yet',
    'error a decision cannot be sealed yet',
    'info sealed after all',
    'fatal a decision stands still, and its build with it',
    'info sealed after all',
  ]);
  expect(putOff.count()).toBe(0);
});

test('what is remembered is bounded', () => {
  const { putOff } = heard();
  for (let n = 0; n < 5_000; n++) putOff.again(about(n), 'GATE_EVIDENCE_MISSING', missing);
  expect(putOff.count()).toBe(4096);
});
