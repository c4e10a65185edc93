import fs from 'node:fs';
import path from 'node:path';
import { reasonCodes } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { attacks } from '../conformance/tuf-attacks.cases.ts';
import { repo } from '../kit/instance.ts';
import { absentTests, testsNamedIn } from './named-tests.ts';

const page = fs.readFileSync(path.join(repo, 'docs/attacks-releases.md'), 'utf8');
const lines = page.split('\n').filter((line) => /^\| (?!---|#|against)/.test(line));
const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const isNumbered = (line: string): boolean => /^\| [A-Z]?\d+ \|/.test(line);
const rows = lines.filter(isNumbered).map((line) => {
  const [name = '', , codes = '', heldBy = ''] = cells(line);
  return { name, codes: codes.match(/[A-Z][A-Z0-9_]{2,}/g) ?? [], heldBy };
});

it('docs/attacks-releases.md has no row twice', () => {
  const names = rows.map(({ name }) => name);
  expect([...new Set(names)]).toEqual(names);
});

it('every code in it is in the catalogue', () => {
  const said = lines.flatMap((line) =>
    [...line.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`/g)].map(([, code = '']) => code),
  );
  expect(said.length).toBeGreaterThan(60);
  expect(said.filter((code) => !(reasonCodes as readonly string[]).includes(code))).toEqual([]);
});

it('every test it names is there, and a row without one says why', () => {
  expect(absentTests(testsNamedIn(page))).toEqual([]);
  expect(rows.filter(({ heldBy }) => !heldBy.includes('.ts`') && heldBy.length < 60).map(({ name }) => name)).toEqual(
    [],
  );
});

it('the table of channels is the cases that are run', () => {
  const verdict = { follows: 'follows', nothing: 'finds nothing new' } as const;
  const run = attacks.map(([goal, name, client, code]) => {
    const said = client instanceof RegExp ? 'refuses' : verdict[client];
    return [goal, name, said, code === null ? said : `\`${code}\``];
  });
  expect(lines.filter((line) => !isNumbered(line)).map(cells)).toEqual(run);
});
