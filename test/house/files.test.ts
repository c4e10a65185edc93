import fs from 'node:fs';
import path from 'node:path';
import { sourceFiles } from '@orgo/infra/source-files';
import { expect, test } from 'vitest';
import { repo } from '../kit/instance.ts';

const MAX_LINES = 400;
const BANNED = /^(utils?|helpers?|common|misc|manager|base|types)\.[a-z.]+$/;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*\.[a-z]+$/;

const files = sourceFiles();
const named = (pattern: RegExp): string[] => files.filter((file) => pattern.test(path.basename(file)));

test('there are source files to look at', () => {
  expect(files).toContain('test/house/files.test.ts');
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const lines = (file: string): number => fs.readFileSync(path.join(repo, file), 'utf8').split('\n').length - 1;
  expect(files.filter((file) => lines(file) > MAX_LINES).map((file) => `${file}: ${lines(file)}`)).toEqual([]);
});

test('no file is named after nothing', () => {
  expect(named(BANNED)).toEqual([]);
});

test('files are named in kebab-case', () => {
  expect(files.filter((file) => !KEBAB.test(path.basename(file)))).toEqual([]);
});

test('index.ts stands only at the root of a package or of a domain', () => {
  const indexes = files.filter((file) => path.basename(file) === 'index.ts');
  expect(
    indexes.filter((file) => !/^(packages|services|services\/adapters)\/[^/]+\/src\/(domain\/)?index\.ts$/.test(file)),
  ).toEqual([]);
});
