import fs from 'node:fs';
import path from 'node:path';
import { reasonCodes } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { repo } from '../kit/instance.ts';
import { absentTests, testsNamedIn } from './named-tests.ts';

const page = fs.readFileSync(path.join(repo, 'docs/attacks.md'), 'utf8');
type Row = { number: number; codes: string[]; heldBy: string };
const rows: Row[] = page.split('\n').flatMap((line) => {
  if (!/^\| \d+ \|/.test(line)) return [];
  const [, number, , codes = '', heldBy = ''] = line.split('|').map((cell) => cell.trim());
  return [{ number: Number(number), codes: codes.match(/[A-Z][A-Z0-9_]{2,}/g) ?? [], heldBy }];
});
it('docs/attacks.md has every row once', () => {
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  expect(rows.map(({ number }) => number)).toEqual([...range(1, 60), ...range(74, 90)]);
});

it('every code in it is in the catalogue', () => {
  const said = rows.flatMap(({ codes }) => codes);
  expect(said.length).toBeGreaterThan(50);
  expect(said.filter((code) => !(reasonCodes as readonly string[]).includes(code))).toEqual([]);
});

it('every test it names is there, and a row without code or test says why', () => {
  const named = rows.flatMap(({ heldBy }) => testsNamedIn(heldBy));
  expect(named.length).toBeGreaterThan(70);
  expect(absentTests(named)).toEqual([]);
  const silent = rows.filter(({ heldBy }) => testsNamedIn(heldBy).length === 0 && heldBy.length < 60);
  expect(silent.map(({ number }) => number)).toEqual([]);
});
