import { canonical, utf8 } from '@orgo/core';
import { frenchCapitals } from '../atlas/capitals.ts';
import { groupByName } from '../atlas/packages.ts';
import { type Item, type Place, places } from '../atlas/places.ts';
import { classes, classNames } from './classes.ts';
import { byNumber, type EntityLine } from './lines.ts';
import { personsAndThings } from './persons-and-things.ts';
import { gazetteerProperties } from './properties.ts';

/**
 * The pinned gazetteers of the reference corpora: two JSON Lines files, one line of canonical JSON per entity or property, in order of
 * their number. Made at run time from the pinned packages and this package's tables. Same packages, same bytes.
 */
export function buildGazetteer(): { entities: Uint8Array; properties: Uint8Array } {
  const lines = (values: readonly unknown[]) => utf8(values.map((value) => `${canonical(value)}\n`).join(''));
  return { entities: lines(gazetteerEntities()), properties: lines(gazetteerProperties()) };
}

/** All entities. The first table that names an id describes it: a text's own subjects before what the packages know. */
export function gazetteerEntities(): EntityLine[] {
  const byId = new Map<string, EntityLine>();
  const all = [
    ...personsAndThings(),
    ...places.map(placeEntity),
    ...capitals(),
    ...named(),
    ...groups(),
    ...classEntities(),
  ];
  for (const entity of all) if (!byId.has(entity.id)) byId.set(entity.id, entity);
  return byNumber([...byId.values()]);
}

function placeEntity(place: Place): EntityLine {
  const { country, level, names } = place;
  const types: string[] = [classes.area];
  if (level === 'country') types.push(classes.country);
  if (country.unMember) types.push(classes.sovereignState);
  const label = names.en as string;
  // Two-letter alternatives are codes, and a code is no name.
  const others = [country.name.official, ...country.altSpellings].filter((name) => name.length > 2 && name !== label);
  const french = country.translations.fra?.official;
  return {
    id: place.id,
    labels: { ...names },
    aliases: {
      en: [...new Set(others)],
      ...(french && french !== names.fr ? { fr: [french] } : {}),
    },
    types,
    popularity_bp: level === 'country' ? 8000 : 6000,
    description: `${level} in ${place.subregion?.name ?? country.region}`,
    related: [...new Set([...place.capitals.map((capital) => capital.id), ...place.neighbours])],
  };
}

function capitals(): EntityLine[] {
  return places.flatMap((place) =>
    place.capitals.map(({ id, name }) => {
      const fr = frenchCapitals[id];
      const alias = capitalAliases[id];
      return {
        id,
        labels: { en: name, ...(fr === undefined ? {} : { fr }) },
        aliases: alias === undefined ? {} : { en: [...alias] },
        types: [classes.settlement, classes.city],
        popularity_bp: 7000,
        description: `capital of ${place.names.en}`,
        related: [place.id],
      };
    }),
  );
}

const capitalAliases: Readonly<Record<string, readonly string[]>> = {
  Q61: ['Washington', 'Washington, D.C.'],
  Q1764: ['Reykjavík'],
  Q1899: ['Kiev'],
  Q23430: ['Ulaanbaatar'],
};

/** Languages, currencies and unions that places name. */
function named(): EntityLine[] {
  const simple = (types: readonly string[], description: string, popularity_bp: number) => (item: Item) => ({
    id: item.id,
    labels: { en: item.name },
    aliases: {},
    types: [...types],
    popularity_bp,
    description,
    related: [],
  });
  return places.flatMap((place) => [
    ...place.languages.map(simple([classes.language], 'language', 5000)),
    ...place.currencies.map(simple([classes.currency], 'currency', 5000)),
    ...place.unions.map(simple([classes.organization], 'union of states', 8000)),
  ]);
}

function groups(): EntityLine[] {
  return [...groupByName.values()]
    .filter((group) => group.m49 !== undefined && group.m49 !== '001')
    .map((group) => ({
      id: group.wikidata,
      labels: { en: group.nameEn },
      aliases: {},
      types: [classes.region],
      popularity_bp: 6000,
      description: 'region of the world',
      related: [],
    }));
}

function classEntities(): EntityLine[] {
  return Object.entries(classNames).map(([id, label]) => ({
    id,
    labels: { en: label },
    aliases: {},
    types: [],
    popularity_bp: 4000,
    description: 'class',
    related: [],
  }));
}
