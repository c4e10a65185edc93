// The source files of the repository that people write: no dependencies, no generated code.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './bootstrap/paths.mjs';

const FOLDERS = ['bin', 'infra', 'packages', 'services', 'test'];
const SKIPPED = /(^|\/)(node_modules|generated|dist|coverage|\.[^/]+)$/;
const SOURCE = /\.(ts|tsx|mts|mjs|cjs|js)$/;

/** Paths below `checkout`, with forward slashes, sorted. */
export function sourceFiles(checkout: string = root): string[] {
  return FOLDERS.flatMap((folder) => walk(checkout, folder)).sort();
}

function walk(checkout: string, folder: string): string[] {
  if (SKIPPED.test(folder) || !fs.existsSync(path.join(checkout, folder))) return [];
  return fs.readdirSync(path.join(checkout, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return walk(checkout, file);
    return SOURCE.test(file) ? [file] : [];
  });
}
