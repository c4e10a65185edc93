import fs from 'node:fs';
import path from 'node:path';
import { reasonCodes } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { repo } from '../kit/instance.ts';

const page = fs.readFileSync(path.join(repo, 'docs/attacks.md'), 'utf8');
type Row = { number: number; codes: string[]; heldBy: string };
const rows: Row[] = page.split('\n').flatMap((line) => {
  if (!/^\| \d+ \|/.test(line)) return [];
  const [, number, , codes = '', heldBy = ''] = line.split('|').map((cell) => cell.trim());
  return [{ number: Number(number), codes: codes.match(/[A-Z][A-Z0-9_]{2,}/g) ?? [], heldBy }];
});
/** Tests a row names: a file, then titles in it. */
const namedBy = ({ heldBy }: Row): { file: string; title: string }[] =>
  [...heldBy.matchAll(/`([a-z][^`]*\.ts)` ((?:“[^”]+”(?: and )?)+)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title })),
  );

/** Whether a source has the title as a literal of its own, or as the beginning of one that says more. */
const isTitled = (source: string, title: string): boolean =>
  ["'", '`', '"'].some((quote) => source.includes(`${quote}${title.replaceAll("'", quote === "'" ? "\\'" : "'")}`));

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
  const named = rows.flatMap(namedBy);
  expect(named.length).toBeGreaterThan(70);
  const absent = named.filter(({ file, title }) => !isTitled(fs.readFileSync(path.join(repo, file), 'utf8'), title));
  expect(absent).toEqual([]);
  const silent = rows.filter((row) => namedBy(row).length === 0 && row.heldBy.length < 60);
  expect(silent.map(({ number }) => number)).toEqual([]);
});
