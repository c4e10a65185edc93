// Keeps the JSON that the benches printed and rewrites the marked sections of docs/performance.md from it, so that the page says what they said; a house
// test holds the two together.
// node test/bench/write-docs.ts FILE.json…   each of main.ts, growth.ts, log.ts, start.ts or fleet.ts; a part without a file stays as it is
import fs from 'node:fs';
import path from 'node:path';
import { fillSections, sectionOf } from './docs-sections.ts';

const docs = path.join(import.meta.dirname, '../../docs');
const page = path.join(docs, 'performance.md');
const files = process.argv.slice(2);
if (files.length === 0) throw new RangeError('which JSON files?');
const printed = files.map((file) => JSON.parse(fs.readFileSync(file, 'utf8')) as unknown);
const sections = printed.map(sectionOf);
fs.mkdirSync(path.join(docs, 'measurements'), { recursive: true });
for (const [at, [name]] of sections.entries())
  fs.writeFileSync(path.join(docs, 'measurements', `${name}.json`), `${JSON.stringify(printed[at], null, 2)}\n`);
fs.writeFileSync(page, fillSections(fs.readFileSync(page, 'utf8'), Object.fromEntries(sections)));
