import { type CorpusFile, type CorpusSource, jsonFile, retrievedAt, textFile } from '../corpus-file.ts';
import { propertyLabel } from '../gazetteer/properties.ts';
import { packageVersions } from './packages.ts';
import { type Item, type Place, places } from './places.ts';
import { coordinateStatement, type Entity, itemStatement, labelMap, type Statement, textStatement } from './snaks.ts';

/** Properties the entity files use; their labels stand in the files so that a reader needs nothing else. */
const used = ['P17', 'P31', 'P36', 'P37', 'P38', 'P47', 'P361', 'P463', 'P625', 'P1376', 'P1448'] as const;

const licence = 'ODbL-1.0 (world-countries), ISC (country-coder), MIT and CC0-1.0 (wikidata-lang)';
const origin = Object.entries(packageVersions)
  .map(([name, version]) => `npm:${name}@${version}`)
  .join(' ');

const source = (id: string, title: string): CorpusSource => ({
  source_id: `atlas/${id}`,
  origin,
  license: licence,
  title,
  lang: 'en',
  retrieved_at: retrievedAt,
});

/**
 * The atlas: about 250 countries and territories with their Wikidata ids, made at run time from the pinned packages alone. Same packages,
 * same bytes. One entity file per part of the world, a table of areas and codes, and the mapping that says what its columns mean.
 */
export function buildAtlas(): CorpusFile[] {
  const parts = [...new Set(places.map((place) => place.country.region))].sort();
  const files = parts.map((part) => {
    const id = part.toLowerCase();
    const members = places.filter((place) => place.country.region === part);
    return jsonFile(`atlas/${id}.json`, entityFile(members), source(id, `Countries and territories: ${part}`));
  });
  return [...files, tableFile(), mappingFile()];
}

function entityFile(members: readonly Place[]) {
  const entities: Record<string, Entity> = {};
  const name = ({ id, name: label }: Item) => {
    entities[id] ??= { id, type: 'item', labels: labelMap({ en: label }) };
  };
  for (const place of members) {
    for (const item of [
      ...place.currencies,
      ...place.languages,
      ...place.unions,
      ...(place.subregion ? [place.subregion] : []),
    ])
      name(item);
    for (const id of place.neighbours) name({ id, name: nameById.get(id) as string });
    for (const type of typesOf(place)) name(type);
    for (const capital of place.capitals) {
      const claims = { P17: [itemStatement('P17', place.id)], P1376: [itemStatement('P1376', place.id)] };
      entities[capital.id] = { id: capital.id, type: 'item', labels: labelMap({ en: capital.name }), claims };
    }
  }
  // A country named as a neighbour first gets its own entry here, over the bare name.
  for (const place of members) entities[place.id] = entityOf(place);
  const properties = Object.fromEntries(
    used.map((id) => [id, { id, type: 'property', labels: labelMap({ en: propertyLabel(id) }) } satisfies Entity]),
  );
  return { entities, properties };
}

const nameById = new Map(places.map((place) => [place.id, place.country.name.common]));

/** Only what is sure: a member of the United Nations is a sovereign state. */
function typesOf(place: Place): Item[] {
  return place.country.unMember ? [{ id: 'Q3624078', name: 'sovereign state' }] : [];
}

function entityOf(place: Place): Entity {
  const items = (property: string, list: readonly Item[]) => list.map(({ id }) => itemStatement(property, id));
  const [latitude, longitude] = place.country.latlng;
  const all: Record<string, Statement[]> = {
    P31: items('P31', typesOf(place)),
    P36: items('P36', place.capitals),
    P37: items('P37', place.languages),
    P38: items('P38', place.currencies),
    P47: place.neighbours.map((id) => itemStatement('P47', id)),
    P361: items('P361', place.subregion ? [place.subregion] : []),
    P463: items('P463', place.unions),
    P625: [coordinateStatement('P625', latitude, longitude)],
    P1448: place.officialNames.map(({ text, lang }) => textStatement('P1448', text, lang)),
  };
  const claims = Object.fromEntries(Object.entries(all).filter(([, statements]) => statements.length > 0));
  const { en = '', fr } = place.names;
  return { id: place.id, type: 'item', labels: labelMap(fr === undefined ? { en } : { en, fr }), claims };
}

const columns = ['name', 'wikidata', 'area_km2', 'alpha_2', 'alpha_3', 'numeric', 'capital_name'] as const;

/** `capital_name` is in no mapping: it keeps the names of capitals whose id is not sure as plain text, and makes no claim. */
function tableFile(): CorpusFile {
  const rows = places.map(({ id, country }) => [
    country.name.common,
    id,
    country.area > 0 ? String(country.area) : '',
    country.cca2,
    country.cca3,
    country.ccn3,
    country.capital.join('; '),
  ]);
  const text = [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
  return textFile('atlas/areas.csv', 'text/csv', text, source('areas', 'Areas and codes of countries and territories'));
}

const cell = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

function mappingFile(): CorpusFile {
  const code = (column: string, predicate_id: string) => ({
    column,
    predicate: propertyLabel(predicate_id),
    predicate_id,
    kind: 'string',
  });
  const mapping = {
    kind: 'table-mapping',
    mapping_version: '1',
    table: 'areas.csv',
    lang: 'en',
    subject: { column: 'name', id_column: 'wikidata' },
    columns: [
      {
        column: 'area_km2',
        predicate: propertyLabel('P2046'),
        predicate_id: 'P2046',
        kind: 'quantity',
        unit_qid: 'Q712226',
      },
      code('alpha_2', 'P297'),
      code('alpha_3', 'P298'),
      code('numeric', 'P299'),
    ],
  };
  return jsonFile(
    'atlas/areas.mapping.json',
    mapping,
    source('areas-mapping', 'What the columns of the areas table mean'),
  );
}
