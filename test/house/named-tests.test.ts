import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { repo } from '../kit/instance.ts';
import { absentFiles, absentTests, testsNamedIn } from './named-tests.ts';

const pages = fs.globSync('{README.md,docs/*.md,docs/decisions/*.md,{packages,services}/**/README.md}', {
  cwd: repo,
  exclude: (name) => name.includes('node_modules'),
});

it.each(pages)('%s names no source and no test that is not there', (page) => {
  const text = fs.readFileSync(path.join(repo, page), 'utf8');
  expect(absentFiles(text)).toEqual([]);
  expect(absentTests(testsNamedIn(text))).toEqual([]);
});
