import { buildAtlas } from './atlas/atlas.ts';
import type { CorpusFile } from './corpus-file.ts';
import { buildReader } from './reader.ts';
import { buildRefused } from './refused.ts';

/** A corpus: its name, what it is, under which licence its files may be used, and its files in order of their path. */
export type Corpus = { name: CorpusName; title: string; license: string; files: readonly CorpusFile[] };

const builders = {
  atlas: {
    title: 'Countries and territories of the world with their Wikidata ids',
    license: 'ODbL-1.0 AND ISC AND MIT AND CC0-1.0',
    build: buildAtlas,
  },
  reader: { title: 'Fifteen short texts about real subjects, and a table', license: 'CC0-1.0', build: buildReader },
  refused: { title: 'Documents with planted errors that must not pass', license: 'CC0-1.0', build: buildRefused },
} as const;

export type CorpusName = keyof typeof builders;

/** Names of the corpora of this package. */
export const corpusNames = Object.keys(builders) as CorpusName[];

/** Builds a corpus from the pinned packages and this package's own files. Same version, same bytes. */
export function corpus(name: CorpusName): Corpus {
  const { title, license, build } = builders[name];
  const files = build().sort((a, b) => (a.path < b.path ? -1 : 1));
  return { name, title, license, files };
}
