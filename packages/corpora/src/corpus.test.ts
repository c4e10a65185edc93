import { readFileSync } from 'node:fs';
import { digestOfBytes } from '@orgo/core';
import { borders } from '@rapideditor/country-coder';
import { describe, expect, it } from 'vitest';
import { capitalIds } from './atlas/capitals.ts';
import { currencyIds } from './atlas/currencies.ts';
import { languageByCode, packageVersions } from './atlas/packages.ts';
import { places } from './atlas/places.ts';
import type { EntityLine } from './gazetteer/lines.ts';
import { personsAndThings } from './gazetteer/persons-and-things.ts';
import {
  type CorpusFile,
  corpus,
  corpusNames,
  gazetteerArtifacts,
  gazetteerEntities,
  gazetteerProperties,
} from './index.ts';

/** Every Wikidata id that a pinned package carries, with the names it gives it. */
function packageNames(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const add = (id: string, name: string | undefined) => {
    const all = found.get(id) ?? new Set();
    found.set(id, all);
    if (name) all.add(name.toLowerCase());
  };
  for (const { properties } of borders.features) if (properties.wikidata) add(properties.wikidata, properties.nameEn);
  for (const { wd, label } of languageByCode.values()) add(wd, label);
  return found;
}

const digests = (files: readonly CorpusFile[]) => files.map(({ path, bytes }) => `${path} ${digestOfBytes(bytes)}`);

describe.each(corpusNames)('the %s corpus', (name) => {
  it('is the same bytes every time, and the bytes of this version', () => {
    expect(digests(corpus(name).files)).toEqual(digests(corpus(name).files));
    expect(digests(corpus(name).files)).toMatchSnapshot();
  });

  it('says of every file where it is from', () => {
    const { files } = corpus(name);
    expect(new Set(files.map(({ source }) => source.source_id)).size).toBe(files.length);
    expect(files.map(({ path }) => path)).toEqual(files.map(({ path }) => path).sort());
    for (const { source } of files) {
      expect(source.origin).not.toBe('');
      expect(source.license).not.toBe('');
      expect(source.retrieved_at).toMatch(/^\d{4}-\d{2}-\d{2}T/);
    }
  });
});

describe('the atlas', () => {
  it('covers the countries and territories of the package, each under one id', () => {
    expect(places).toHaveLength(250);
    expect(new Set(places.map(({ id }) => id)).size).toBe(250);
    expect(places.filter(({ country }) => country.unMember)).toHaveLength(194);
  });

  it('gives an id to nearly every capital, currency and language, and invents none', () => {
    const count = (all: readonly (readonly unknown[])[]) => all.reduce((sum, list) => sum + list.length, 0);
    expect(count(places.map(({ country }) => country.capital))).toBe(249);
    expect(count(places.map(({ capitals }) => capitals))).toBe(197);
    expect(count(places.map(({ country }) => Object.keys(country.currencies)))).toBe(275);
    expect(count(places.map(({ currencies }) => currencies))).toBe(267);
    expect(count(places.map(({ country }) => Object.keys(country.languages)))).toBe(412);
    expect(count(places.map(({ languages }) => languages))).toBe(408);
  });

  it('uses every row of the hand-written tables, and no id for two things', () => {
    const capitals = Object.entries(capitalIds).flatMap(([code, row]) =>
      Object.entries(row).map(([name, id]) => ({ code, name, id })),
    );
    const missing = capitals.filter(
      ({ code, name }) => !places.find((p) => p.code === code)?.country.capital.includes(name),
    );
    expect(missing).toEqual([]);
    const used = new Set(places.flatMap(({ country }) => Object.keys(country.currencies)));
    expect(Object.keys(currencyIds).filter((code) => !used.has(code))).toEqual([]);
    const ids = [...capitals.map(({ id }) => id), ...Object.values(currencyIds), ...places.map(({ id }) => id)];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names the versions of the packages that are installed', () => {
    const installed = Object.keys(packageVersions).map((name) => {
      const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
      return [name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version];
    });
    expect(Object.fromEntries(installed)).toEqual(packageVersions);
  });
});

describe('the gazetteers', () => {
  const entities = gazetteerEntities();
  const byId = new Map(entities.map((entity) => [entity.id, entity]));
  const properties = gazetteerProperties();

  it('name each id once, in order of its number', () => {
    for (const lines of [entities, properties]) {
      const numbers = lines.map(({ id }) => Number(id.slice(1)));
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }
    expect([entities.length, properties.length]).toEqual([847, 32]);
  });

  it('know every class and unit that a property or an entity refers to', () => {
    const referred = [
      ...properties.flatMap((p) => [...p.subject_types, ...p.value_types, ...p.allowed_units]),
      ...entities.flatMap((entity) => entity.types),
    ];
    expect([...new Set(referred)].filter((id) => !byId.has(id))).toEqual([]);
  });

  it('know everything that the atlas states', () => {
    const stated = places.flatMap((p) => [
      p.id,
      ...p.neighbours,
      ...[...p.capitals, ...p.currencies, ...p.languages, ...p.unions, ...(p.subregion ? [p.subregion] : [])].map(
        ({ id }) => id,
      ),
    ]);
    expect([...new Set(stated)].filter((id) => !byId.has(id))).toEqual([]);
  });

  it('take no id by hand that a package gives to something else, and name nothing unknown as related', () => {
    const known = packageNames();
    const vouched = personsAndThings().filter(({ id }) => known.has(id));
    const names = ({ labels, aliases }: EntityLine) =>
      [...Object.values(labels), ...Object.values(aliases).flat()].map((name) => name.toLowerCase());
    const others = vouched.filter((line) => !names(line).some((name) => known.get(line.id)?.has(name)));
    expect(others.map(({ id }) => id)).toEqual([]);
    expect(entities.flatMap(({ related }) => related).filter((id) => !byId.has(id))).toEqual([]);
  });

  it('hold two towns of one name, so that a name alone decides nothing', () => {
    expect(entities.filter(({ labels }) => labels.en === 'Cambridge').map(({ id }) => id)).toEqual(['Q350', 'Q49111']);
  });

  it('are the same bytes every time, and the bytes of this version', () => {
    expect(gazetteerArtifacts().map(({ artifact }) => artifact)).toMatchSnapshot();
  });
});
