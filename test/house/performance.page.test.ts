import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fillSections, sectionOf } from '../bench/docs-sections.ts';

const docs = path.join(import.meta.dirname, '../../docs');
const page = fs.readFileSync(path.join(docs, 'performance.md'), 'utf8');
const kept = fs.readdirSync(path.join(docs, 'measurements'));

test('every measured section of docs/performance.md has the JSON that a bench printed', () => {
  const named = [...page.matchAll(/<!-- measured: (\w+) begin -->/g)].map(([, name]) => `${name}.json`);
  expect(kept.toSorted()).toEqual(named.toSorted());
});

test.each(kept)('docs/performance.md says what docs/measurements/%s says', (file) => {
  const [name, section] = sectionOf(JSON.parse(fs.readFileSync(path.join(docs, 'measurements', file), 'utf8')));
  expect(`${name}.json`).toBe(file);
  expect(fillSections(page, { [name]: section })).toBe(page);
});
