import fs from 'node:fs';
import path from 'node:path';

const sources = path.join(import.meta.dirname, '../src');
const documented = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export const (\w+)/g;

/** The docstring of every exported constant of the contracts, by name: what the reference pages say is what the code says. */
export function docstrings(): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of fs.readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const text = fs.readFileSync(path.join(sources, file), 'utf8');
    for (const [, comment, name] of text.matchAll(documented)) {
      const lines = (comment as string).split('\n').map((line) => line.replace(/^\s*\*?\s?/, '').trim());
      found.set(name as string, lines.filter((line) => line !== '').join(' '));
    }
  }
  return found;
}
