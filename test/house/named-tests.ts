import fs from 'node:fs';
import path from 'node:path';
import { repo } from '../kit/instance.ts';

/** A test that a page names: its file, and its title or the beginning of it. */
export type NamedTest = { file: string; title: string };

/** The tests that a text names, as `file.ts` “title” and “another title of it”. */
export const testsNamedIn = (text: string): NamedTest[] =>
  [...text.matchAll(/`([a-z][^`]*\.ts)` ((?:“[^”]+”(?: and )?)+)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title })),
  );

/** Whether a source has the title as a literal of its own, or as the beginning of one that says more. */
const isTitled = (source: string, title: string): boolean =>
  ["'", '`', '"'].some((quote) => source.includes(`${quote}${title.replaceAll("'", quote === "'" ? "\\'" : "'")}`));

/** Those that are not there: no such file, or no literal in it that begins so. Braces and stars in a path stand for several files, of which one has to have it. */
export const absentTests = (named: readonly NamedTest[]): NamedTest[] =>
  named.filter(
    ({ file, title }) =>
      !fs
        .globSync(file, { cwd: repo })
        .some((found) => isTitled(fs.readFileSync(path.join(repo, found), 'utf8'), title)),
  );

/** Paths of sources that a text names and that are no file; one with a name to be filled in stands for none. */
export const absentFiles = (text: string): string[] =>
  [...text.matchAll(/`((?:test|packages|services|infra)\/[^` <]*\.ts)`/g)]
    .map(([, file = '']) => file)
    .filter((file) => fs.globSync(file, { cwd: repo }).length === 0);
