import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { repo } from '../kit/instance.ts';

/** The reproducibility acceptance tests of the Kristal documents, by their ids. */
const acceptance = ['EX-1', 'EX-2', 'EX-3', 'EX-4', 'RP-1', 'RP-2', 'RP-3', 'RP-4', 'RP-5', 'RP-6', 'XP-1'];

it('every reproducibility acceptance test has a test whose title starts with its id', () => {
  const folder = path.join(repo, 'test/conformance');
  const files = fs.globSync('reproducibility.*.test.ts', { cwd: folder });
  const text = files.map((file) => fs.readFileSync(path.join(folder, file), 'utf8')).join('\n');
  const titles = [
    ...text.matchAll(/\bit(?:\.\w+\([^\n]*?\))?\(\s*'([A-Z]{2}-\d+): /g),
    ...text.matchAll(/\]\)\('([A-Z]{2}-\d+): /g),
  ];
  expect([...new Set(titles.map(([, id]) => id))].sort()).toEqual(acceptance);
});
