import { readFileSync } from 'node:fs';
import { type CorpusFile, type CorpusSource, jsonFile, retrievedAt } from './corpus-file.ts';
import { propertyLabel } from './gazetteer/properties.ts';

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
  ['about-maps', 'About maps', 'en'],
  ['ada-lovelace', 'Ada Lovelace', 'en'],
  ['alan-turing', 'Alan Turing', 'en'],
  ['albert-einstein', 'Albert Einstein', 'en'],
  ['cervin', 'Cervin', 'fr'],
  ['frederick-douglass', 'Frederick Douglass', 'en'],
  ['galileo-galilei', 'Galileo Galilei', 'en'],
  ['isaac-newton', 'Isaac Newton', 'en'],
  ['isaac-newton-fr', 'Isaac Newton', 'fr'],
  ['johannes-gutenberg', 'Johannes Gutenberg', 'en'],
  ['marie-curie', 'Marie Curie', 'fr'],
  ['mont-blanc', 'Mont Blanc', 'en'],
  ['mount-everest', 'Mount Everest', 'en'],
  ['pierre-curie', 'Pierre Curie', 'en'],
  ['tbilisi', 'Tbilisi', 'en'],
  ['victor-hugo', 'Victor Hugo', 'fr'],
] as const;

/** Elevations in metres above the sea. */
const peaks = {
  kind: 'table-mapping',
  mapping_version: '1',
  table: 'peaks.csv',
  lang: 'en',
  subject: { column: 'name', id_column: 'wikidata' },
  columns: [
    {
      column: 'elevation',
      predicate: propertyLabel('P2044'),
      predicate_id: 'P2044',
      kind: 'quantity',
      unit_qid: 'Q11573',
    },
  ],
};

/** Sixteen short texts about real subjects and one table, with difficulties planted on purpose. docs/corpora.md lists them. */
export function buildReader(): CorpusFile[] {
  const documents = texts.map(([name, title, lang]) =>
    textOf('reader', `${name}.md`, source(`reader/${name}`, title, lang), 'text/markdown'),
  );
  return [
    ...documents,
    textOf('reader', 'peaks.csv', source('reader/peaks', 'Elevations of some peaks', 'en'), 'text/csv'),
    jsonFile(
      'reader/peaks.mapping.json',
      peaks,
      source('reader/peaks-mapping', 'What the columns of peaks mean', 'en'),
    ),
  ];
}

const textOf = (corpus: string, name: string, from: CorpusSource, mediaType: string): CorpusFile => ({
  path: `${corpus}/${name}`,
  media_type: mediaType,
  bytes: readFileSync(new URL(name, folder(corpus))),
  source: from,
});

/** The bytes of a text of the refused corpus. */
export function refusedText(name: string, title: string, mediaType: string): CorpusFile {
  return textOf('refused', name, source(`refused/${name.replace(/\.\w+$/, '')}`, title, 'en'), mediaType);
}
