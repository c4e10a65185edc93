import { readFileSync } from 'node:fs';

/** A golden vector file of this package, which other languages can run too. */
export const readVectors = <Vectors>(name: string): Vectors =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as Vectors;
