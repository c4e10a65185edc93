import { createRequire } from 'node:module';
import { borders } from '@rapideditor/country-coder';
import type { Countries, Country } from 'world-countries';

// The packages' ES modules import JSON without the attribute that Node demands, so their data is required.
const require = createRequire(import.meta.url);

type Language = { wd: string; label: string; iso6391?: string[]; iso6393?: string[] };

/** Versions of the packages the atlas is made of, for provenance. Read from the packages themselves. */
export const packageVersions = {
  'world-countries': (require('world-countries/package.json') as { version: string }).version,
  '@rapideditor/country-coder': '5.6.1',
  'wikidata-lang': '5.0.1',
} as const;

/** Countries and territories in order of their alpha-2 code. */
export const countries: readonly Country[] = [...(require('world-countries') as Countries)].sort((a, b) =>
  a.cca2 < b.cca2 ? -1 : 1,
);

const regions = borders.features.map((feature) => feature.properties);

/** Regions by ISO 3166-1 alpha-2 code. */
export const regionByCode: ReadonlyMap<string, (typeof regions)[number]> = new Map(
  regions.flatMap((region) => (region.iso1A2 ? [[region.iso1A2, region]] : [])),
);

/** Groups of countries (UN M49 regions, the EU, the UN) by lowercase English name. */
export const groupByName: ReadonlyMap<string, (typeof regions)[number]> = new Map(
  regions.filter((region) => !region.iso1A2).map((region) => [region.nameEn.toLowerCase(), region]),
);

const numberOf = (qid: string) => Number(qid.slice(1));

/** Languages by ISO 639-3 code; where several items share a code, the one with the lowest id, which is the oldest. */
export const languageByCode: ReadonlyMap<string, Language> = indexLanguages();

function indexLanguages(): Map<string, Language> {
  const index = new Map<string, Language>();
  for (const language of require('wikidata-lang/data/languages.json') as Language[]) {
    for (const code of language.iso6393 ?? []) {
      const known = index.get(code);
      if (!known || numberOf(language.wd) < numberOf(known.wd)) index.set(code, language);
    }
  }
  return index;
}

/** Two-letter code of a language, the only form the external contract takes; undefined where there is none. */
export function shortCode(iso6393: string): string | undefined {
  // The package uses the bibliographic code for Persian.
  return languageByCode.get(iso6393 === 'per' ? 'fas' : iso6393)?.iso6391?.find((code) => /^[a-z]{2}$/.test(code));
}
