import fs from 'node:fs';
import path from 'node:path';
import { reasonCodes } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { repo } from '../kit/instance.ts';
import { absentTests, testsNamedIn } from './named-tests.ts';

const page = fs.readFileSync(path.join(repo, 'docs/attacks-log.md'), 'utf8');
const rows = page.split('\n').flatMap((line) => {
  if (!/^\| W?\d+ \|/.test(line)) return [];
  const [, name = '', , codes = '', heldBy = ''] = line.split('|').map((cell) => cell.trim());
  return [{ name, codes: codes.match(/[A-Z][A-Z0-9_]{2,}/g) ?? [], heldBy }];
});
const named = rows.flatMap(({ heldBy }) => testsNamedIn(heldBy));

it('docs/attacks-log.md has every row once', () => {
  const log = Array.from({ length: 13 }, (_, i) => `${61 + i}`);
  expect(rows.map(({ name }) => name)).toEqual([...log, 'W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7']);
});

it('every code in it is in the catalogue', () => {
  const said = rows.flatMap(({ codes }) => codes);
  expect(said.length).toBeGreaterThan(14);
  expect(said.filter((code) => !(reasonCodes as readonly string[]).includes(code))).toEqual([]);
});

it('every test it names is there', () => {
  expect(named.length).toBeGreaterThan(25);
  expect(absentTests(named)).toEqual([]);
});
