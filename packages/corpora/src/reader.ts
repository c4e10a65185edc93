import { readFileSync } from 'node:fs';
import { type CorpusFile, type CorpusSource, retrievedAt } from './corpus-file.ts';

/** Where the texts of this package stand; they are its own words about public facts. */
const folder = (name: string) => new URL(`../${name}/`, import.meta.url);

const source = (id: string, title: string, lang: string): CorpusSource => ({
  source_id: id,
  origin: 'written for this repository',
  license: 'CC0-1.0',
  title,
  lang,
  retrieved_at: retrievedAt,
});

const texts = [
  ['ada-lovelace', 'Ada Lovelace', 'en'],
  ['alan-turing', 'Alan Turing', 'en'],
  ['johannes-gutenberg', 'Johannes Gutenberg', 'en'],
  ['marie-curie', 'Marie Curie', 'fr'],
  ['mont-blanc', 'Mont Blanc', 'en'],
] as const;

/**
 * Five short documents about real subjects, one of them in French, with a year that is only about right, a town whose name two towns
 * bear, and a line that poses as an instruction.
 */
export function buildReader(): CorpusFile[] {
  return texts.map(([name, title, lang]) => ({
    path: `reader/${name}.md`,
    media_type: 'text/markdown',
    bytes: readFileSync(new URL(`${name}.md`, folder('reader'))),
    source: source(`reader/${name}`, title, lang),
  }));
}

/** The bytes of a text of the refused corpus. */
export function refusedText(name: string, title: string, mediaType: string): CorpusFile {
  return {
    path: `refused/${name}`,
    media_type: mediaType,
    bytes: readFileSync(new URL(name, folder('refused'))),
    source: source(`refused/${name.replace(/\.\w+$/, '')}`, title, 'en'),
  };
}
