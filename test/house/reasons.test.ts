import fs from 'node:fs';
import path from 'node:path';
import { reasonCodes } from '@orgo/contracts';
import { sourceFiles } from '@orgo/infra/source-files';
import { expect, it } from 'vitest';
import { repo } from '../kit/instance.ts';

// Read, not run: a code counts as said where a source that is no test holds it as a word outside comments, and as asserted where a test file does. Whether
// the line is reached, and whether the test would fail without it, is for the test itself to show; a code that is put together from pieces is not seen.

const isTest = (file: string): boolean => /^test\/|\.(test|fixture)\./.test(file);
const isCatalogue = (file: string): boolean =>
  /^packages\/contracts\/src\/reasons|^test\/house\/reasons\.test/.test(file);

const withoutComments = (source: string): string => source.replace(/\/\*[\s\S]*?\*\/|^\s*(\/\/|--|\*).*$/gm, '');
const wordsOf = (files: readonly string[]): ReadonlySet<string> =>
  new Set(
    files.flatMap(
      (file) => withoutComments(fs.readFileSync(path.join(repo, file), 'utf8')).match(/\b[A-Z][A-Z0-9_]{2,}\b/g) ?? [],
    ),
  );

const files = sourceFiles().filter((file) => !isCatalogue(file));
const said = wordsOf([
  ...files.filter((file) => !isTest(file)),
  // The log's own table says no by itself.
  ...fs.globSync('services/*/prisma/**/*.sql', { cwd: repo }),
]);
const asserted = wordsOf(files.filter(isTest));

it('every reason code is said by a source', () => {
  expect(reasonCodes.filter((code) => !said.has(code))).toEqual([]);
});

it('every reason code is asserted by a test', () => {
  expect(reasonCodes.filter((code) => !asserted.has(code))).toEqual([]);
});
