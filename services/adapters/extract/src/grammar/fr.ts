import { months } from '@orgo/kristal';
import type { Grammar } from './grammar.ts';

const le = { marker: '(?:le |en |)', slot: 'date' } as const;

export const french: Grammar = {
  lang: 'fr',
  pronouns: ['Il', 'Elle', 'Ils', 'Elles'],
  articles: ['Le', 'La', 'Les', 'le', 'la', 'les', "L'", "l'", 'Un', 'Une', 'un', 'une'],
  joiners: ['de', 'de la', 'du', 'des', 'la', 'le'],
  hedges: ['probablement', 'peut-être', 'sans doute'],
  connector: '(?:,? (?:et|mais) (?:(?:il|elle|ils|elles) )?|; (?:il|elle|ils|elles) )',
  abbreviations: ['v.', 'env.', 'M.', 'Mme.', 'St.', 'Ste.'],
  months: months.fr,
  approximate: ['vers', 'v\\.', 'environ', 'env\\.'],
  or: 'ou',
  and: 'et',
  units: {
    mètres: 'Q11573',
    m: 'Q11573',
    kilomètres: 'Q828224',
    km: 'Q828224',
    'kilomètres carrés': 'Q712226',
    'km²': 'Q712226',
  },
  numbers: { group: ' ', decimal: ',' },
  magnitudes: { mille: 1_000, million: 1_000_000, millions: 1_000_000 },
  occupations: [
    'architecte',
    'astronome',
    'biologiste',
    'chimiste',
    'compositeur',
    'compositrice',
    'écrivain',
    'écrivaine',
    'imprimeur',
    'ingénieur',
    'mathématicien',
    'mathématicienne',
    'peintre',
    'philosophe',
    'physicien',
    'physicienne',
    'poète',
  ],
  awards: '(?:le )?(?<award>prix Nobel de \\p{Ll}+)',
  rules: [
    {
      id: 'fr.naissance',
      head: '(?:est|était|serait) {H}née? ',
      confidence_bp: 9500,
      adjuncts: [
        { ...le, predicate: 'date de naissance' },
        { marker: 'à ', slot: 'name', predicate: 'lieu de naissance' },
      ],
    },
    {
      id: 'fr.mort',
      head: '(?:est|serait) {H}(?:morte?|décédée?) ',
      confidence_bp: 9500,
      adjuncts: [
        { ...le, predicate: 'date de mort' },
        { marker: 'à ', slot: 'name', predicate: 'lieu de mort' },
      ],
    },
    {
      id: 'fr.capitale-de',
      head: 'est {H}la capitale ',
      confidence_bp: 9300,
      adjuncts: [{ marker: "(?:de la |de |du |d['’])", slot: 'name', predicate: 'capitale de' }],
    },
    {
      id: 'fr.population',
      head: '(?:a|avait|compte|comptait) {H}',
      confidence_bp: 9200,
      adjuncts: [
        { marker: '', slot: 'count', predicate: 'population' },
        { marker: 'en ', slot: 'date', predicate: 'date', qualifier: true },
      ],
    },
    {
      id: 'fr.altitude',
      head: "(?:culmine|s[’']élève) ",
      confidence_bp: 9200,
      adjuncts: [
        {
          marker: 'à ',
          slot: 'quantity',
          predicate: 'altitude',
          tail: " (?:d['’]altitude|au-dessus du niveau de la mer)",
        },
      ],
    },
    {
      id: 'fr.situation',
      head: 'est {H}situé(?:e)? ',
      confidence_bp: 9000,
      adjuncts: [{ marker: '(?:à |en |dans (?:le |la |les )?)', slot: 'name', predicate: 'situé dans' }],
    },
    {
      id: 'fr.fondation',
      head: '(?:a été|est|fut) {H}fondée? ',
      confidence_bp: 9300,
      adjuncts: [
        { ...le, predicate: 'date de fondation' },
        { marker: 'par ', slot: 'name', predicate: 'fondé par' },
      ],
    },
    {
      id: 'fr.conjoint',
      head: '(?:a épousé|épouse|épousa) ',
      confidence_bp: 9300,
      adjuncts: [
        { marker: '', slot: 'name', predicate: 'conjoint' },
        { ...le, predicate: 'date de début', qualifier: true },
      ],
    },
    {
      id: 'fr.prix',
      head: '(?:a reçu|reçoit|reçut) ',
      confidence_bp: 9300,
      adjuncts: [
        { marker: '', slot: 'award', predicate: 'distinction reçue' },
        { ...le, predicate: 'date', qualifier: true },
      ],
    },
    {
      id: 'fr.occupation',
      head: '(?:est|était|fut) {H}',
      confidence_bp: 9000,
      adjuncts: [{ marker: '(?:une? )?', slot: 'nouns', predicate: 'occupation' }],
    },
  ],
};
