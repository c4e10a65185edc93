// Rewrites the marked section of docs/performance.md from the JSON that the benches printed, so that the page says what they said.
// node test/bench/write-docs.ts FILE.json…   each of main.ts, growth.ts, log.ts, start.ts or fleet.ts; a part without a file stays as it is
import fs from 'node:fs';
import path from 'node:path';
import { fillSections, sectionOf } from './docs-sections.ts';

const page = path.join(import.meta.dirname, '../../docs/performance.md');
const files = process.argv.slice(2);
if (files.length === 0) throw new RangeError('which JSON files?');
const sections = files.map((file) => sectionOf(JSON.parse(fs.readFileSync(file, 'utf8'))));
fs.writeFileSync(page, fillSections(fs.readFileSync(page, 'utf8'), Object.fromEntries(sections)));
