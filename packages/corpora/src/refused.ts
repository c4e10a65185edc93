import { itemStatement, labelMap, stringStatement } from './atlas/snaks.ts';
import { type CorpusFile, jsonFile, retrievedAt } from './corpus-file.ts';
import { propertyLabel } from './gazetteer/properties.ts';
import { refusedText } from './reader.ts';

const source = (id: string, title: string) => ({
  source_id: `refused/${id}`,
  origin: 'written for this repository with planted errors',
  license: 'CC0-1.0',
  title,
  lang: 'en',
  retrieved_at: retrievedAt,
});

/** A corpus that passes ingest, extract and resolve, and that the validator must refuse. docs/corpora.md lists what is planted. */
export function buildRefused(): CorpusFile[] {
  return [
    refusedText('lives.md', 'Lives with planted errors', 'text/markdown'),
    refusedText('sizes.csv', 'Sizes with planted errors', 'text/csv'),
    jsonFile('refused/sizes.mapping.json', sizes, source('sizes-mapping', 'What the columns of the sizes table mean')),
    jsonFile('refused/statements.json', statements, source('statements', 'Statements with planted errors')),
  ];
}

/** Areas in metres, a unit of length. */
const sizes = {
  kind: 'table-mapping',
  mapping_version: '1',
  table: 'sizes.csv',
  lang: 'en',
  subject: { column: 'name', id_column: 'wikidata' },
  columns: [
    { column: 'size', predicate: propertyLabel('P2046'), predicate_id: 'P2046', kind: 'quantity', unit_qid: 'Q11573' },
  ],
};

const entity = (id: string, name: string, claims?: Record<string, unknown>) => ({
  id,
  type: 'item',
  labels: labelMap({ en: name }),
  ...(claims ? { claims } : {}),
});

const statements = {
  entities: {
    Q142: entity('Q142', 'France', { P36: [stringStatement('P36', 'Paris')] }),
    Q7251: entity('Q7251', 'Alan Turing', { P19: [itemStatement('P19', 'Q145')] }),
    Q145: entity('Q145', 'United Kingdom'),
  },
  properties: Object.fromEntries(
    ['P19', 'P36'].map((id) => [id, { id, type: 'property', labels: labelMap({ en: propertyLabel(id) }) }]),
  ),
};
