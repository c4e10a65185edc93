import type { Country } from 'world-countries';
import { capitalIds } from './capitals.ts';
import { currencyIds, currencyNames } from './currencies.ts';
import { countries, groupByName, languageByCode, regionByCode, shortCode } from './packages.ts';

/** An item with its Wikidata id and English name. */
export type Item = { id: string; name: string };

/** A country or territory with everything the packages say of it that has an id or is a plain value. */
export type Place = {
  id: string;
  code: string;
  country: Country;
  /** `country` for what the package counts as one, else `territory`. */
  level: 'country' | 'territory';
  /** Names by two-letter language: English, the package's translations, and the place's own languages. */
  names: Readonly<Record<string, string>>;
  /** Official names in the place's own languages. */
  officialNames: readonly { lang: string; text: string }[];
  capitals: readonly Item[];
  currencies: readonly Item[];
  languages: readonly Item[];
  subregion: Item | undefined;
  unions: readonly Item[];
  neighbours: readonly string[];
};

/** The package means the constituent country where the other package's code names the whole realm. */
const realmIds: Readonly<Record<string, string>> = { DK: 'Q35', NL: 'Q55' };

/** Names of subregions that the two packages write differently. Those without a twin have no id here. */
const subregionTwins: Readonly<Record<string, string>> = { 'north america': 'northern america' };

function idOf(country: Country): string {
  const id = realmIds[country.cca2] ?? regionByCode.get(country.cca2)?.wikidata;
  if (id === undefined) throw new TypeError(`no Wikidata id for ${country.cca2}`);
  return id;
}

const idByAlpha3 = new Map(countries.map((country) => [country.cca3, idOf(country)]));

/** One name for each currency: the package writes some of them in two ways. */
const currencyNameByCode = new Map(
  countries
    .flatMap((country) => Object.entries(country.currencies))
    .map(([code, { name }]) => [code, currencyNames[code] ?? name]),
);

/** All places, in order of their alpha-2 code. */
export const places: readonly Place[] = countries.map(placeOf);

function placeOf(country: Country): Place {
  const id = idOf(country);
  const region = regionByCode.get(country.cca2);
  const subregion = country.subregion.toLowerCase();
  const group = groupByName.get(subregionTwins[subregion] ?? subregion);
  const unions: Item[] = country.unMember ? [{ id: 'Q1065', name: 'United Nations' }] : [];
  if (region?.groups?.includes('EU')) unions.push({ id: 'Q458', name: 'European Union' });
  return {
    id,
    code: country.cca2,
    country,
    level: region?.level === 'country' ? 'country' : 'territory',
    names: namesOf(country),
    officialNames: officialNamesOf(country),
    capitals: country.capital
      .flatMap((name) => itemOf(capitalIds[country.cca2]?.[name], name))
      .filter((c) => c.id !== id),
    currencies: Object.keys(country.currencies).flatMap((code) =>
      itemOf(currencyIds[code], currencyNameByCode.get(code) as string),
    ),
    languages: Object.keys(country.languages).flatMap((code) => {
      const language = languageByCode.get(code);
      return itemOf(language?.wd, language?.label ?? '');
    }),
    subregion: group ? { id: group.wikidata, name: group.nameEn } : undefined,
    unions,
    neighbours: country.borders.flatMap((code) => idByAlpha3.get(code) ?? []),
  };
}

function itemOf(id: string | undefined, name: string): Item[] {
  return id === undefined ? [] : [{ id, name }];
}

function namesOf(country: Country): Record<string, string> {
  const names: Record<string, string> = { en: country.name.common };
  for (const [code, { common }] of [...Object.entries(country.translations), ...Object.entries(country.name.native)]) {
    const lang = shortCode(code);
    if (lang !== undefined && common !== '') names[lang] ??= common;
  }
  return names;
}

function officialNamesOf(country: Country): { lang: string; text: string }[] {
  return Object.entries(country.name.native).flatMap(([code, { official }]) => {
    const lang = shortCode(code);
    return lang === undefined || official === '' ? [] : [{ lang, text: official }];
  });
}
