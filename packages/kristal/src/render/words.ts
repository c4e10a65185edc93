import { months } from '../months.ts';

/** Everything of a language that a card needs: words that say nothing of any subject, and how numbers and dates are written. */
export type LanguageTable = {
  tag: string;
  decimal: string;
  group: string;
  percent: string;
  months: readonly string[];
  /** The first day of a month. */
  first: string;
  compass: { north: string; south: string; east: string; west: string };
  words: Readonly<Record<WordId, string>>;
};

export type WordId =
  | 'kind'
  | 'identity'
  | 'life'
  | 'place'
  | 'codes'
  | 'other'
  | 'approximate-time'
  | 'approximate-value'
  | 'alternative'
  | 'deprecated'
  | 'preferred'
  | 'confidence'
  | 'sources-disagree'
  | 'values-differ'
  | 'more'
  | 'sources'
  | 'passage'
  | 'passages'
  | 'pack'
  | 'release'
  | 'promise';

const en: LanguageTable = {
  tag: 'en',
  decimal: '.',
  group: ',',
  percent: '%',
  months: months.en,
  first: '1',
  compass: { north: 'N', south: 'S', east: 'E', west: 'W' },
  words: {
    kind: 'Card',
    identity: 'At a glance',
    life: 'Life',
    place: 'Place',
    codes: 'Codes',
    other: 'Further statements',
    'approximate-time': 'c.',
    'approximate-value': 'about',
    alternative: 'one of several readings',
    deprecated: 'deprecated',
    preferred: 'preferred',
    confidence: 'confidence',
    'sources-disagree': 'Sources disagree',
    'values-differ': 'Values differ',
    more: 'more',
    sources: 'Sources',
    passage: 'passage',
    passages: 'passages',
    pack: 'Pack',
    release: 'Release',
    promise: 'Each statement stands in the pack, with its evidence. Nothing was added.',
  },
};

const fr: LanguageTable = {
  tag: 'fr',
  decimal: ',',
  group: '\u202f',
  percent: '\u00a0%',
  months: months.fr,
  first: '1er',
  compass: { north: 'N', south: 'S', east: 'E', west: 'O' },
  words: {
    kind: 'Fiche',
    identity: 'En bref',
    life: 'Vie',
    place: 'Lieu',
    codes: 'Codes',
    other: 'Autres énoncés',
    'approximate-time': 'vers',
    'approximate-value': 'environ',
    alternative: 'une lecture parmi plusieurs',
    deprecated: 'obsolète',
    preferred: 'préféré',
    confidence: 'confiance',
    'sources-disagree': 'Les sources divergent',
    'values-differ': 'Les valeurs diffèrent',
    more: 'de plus',
    sources: 'Sources',
    passage: 'passage',
    passages: 'passages',
    pack: 'Paquet',
    release: 'Publication',
    promise: 'Chaque énoncé se trouve dans le paquet, avec ses preuves. Rien n’a été ajouté.',
  },
};

export const languageTables = { en, fr } as const;
