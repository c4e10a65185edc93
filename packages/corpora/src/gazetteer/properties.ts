import { classes } from './classes.ts';
import { byNumber, type ObjectKind, type PropertyLine } from './lines.ts';

/** Names and shape of a property: labels and aliases in English and French, kind of value, and what it may join. */
type Row = {
  en: [label: string, ...aliases: string[]];
  fr?: [label: string, ...aliases: string[]];
  datatype: ObjectKind;
  subjects?: readonly string[];
  values?: readonly string[];
  single?: true;
  units?: readonly string[];
};

const { human, country, area, settlement, language, currency, occupation, award } = classes;
const state = [country, area];
const kilometre = 'Q828224';
const metre = 'Q11573';

/** Properties by Wikidata id. `subjects` and `values` are classes of this gazetteer; absent means any. */
const rows: Readonly<Record<string, Row>> = {
  P17: { en: ['country'], fr: ['pays'], datatype: 'item', values: state },
  P19: {
    en: ['place of birth', 'birthplace', 'born in'],
    fr: ['lieu de naissance', 'né à'],
    datatype: 'item',
    subjects: [human],
    values: [settlement],
    single: true,
  },
  P20: {
    en: ['place of death', 'died in'],
    fr: ['lieu de mort', 'lieu de décès'],
    datatype: 'item',
    subjects: [human],
    values: [settlement],
    single: true,
  },
  P26: {
    en: ['spouse', 'husband', 'wife'],
    fr: ['conjoint', 'époux'],
    datatype: 'item',
    subjects: [human],
    values: [human],
  },
  P31: { en: ['instance of', 'is a'], fr: ["nature de l'élément"], datatype: 'item' },
  P36: { en: ['capital', 'capital city'], fr: ['capitale'], datatype: 'item', subjects: state, values: [settlement] },
  P37: { en: ['official language'], fr: ['langue officielle'], datatype: 'item', subjects: state, values: [language] },
  P38: { en: ['currency'], fr: ['monnaie'], datatype: 'item', subjects: state, values: [currency] },
  P47: { en: ['shares border with', 'borders'], fr: ['pays frontalier de'], datatype: 'item', values: state },
  P106: {
    en: ['occupation', 'profession'],
    fr: ['occupation', 'métier'],
    datatype: 'item',
    subjects: [human],
    values: [occupation],
  },
  P112: { en: ['founded by', 'founder'], fr: ['fondé par', 'fondateur'], datatype: 'item' },
  P131: {
    en: ['located in the administrative territorial entity', 'located in'],
    fr: ['situé dans'],
    datatype: 'item',
  },
  P166: { en: ['award received', 'award'], fr: ['distinction reçue', 'prix reçu'], datatype: 'item', values: [award] },
  P297: { en: ['ISO 3166-1 alpha-2 code'], datatype: 'string', subjects: [], single: true },
  P298: { en: ['ISO 3166-1 alpha-3 code'], datatype: 'string', single: true },
  P299: { en: ['ISO 3166-1 numeric code'], datatype: 'string', single: true },
  P361: { en: ['part of'], fr: ['partie de'], datatype: 'item' },
  P463: { en: ['member of'], fr: ['membre de'], datatype: 'item' },
  P551: { en: ['residence', 'lived in'], fr: ['résidence'], datatype: 'item', subjects: [human], values: [settlement] },
  P569: {
    en: ['date of birth', 'birth date'],
    fr: ['date de naissance'],
    datatype: 'time',
    subjects: [human],
    single: true,
  },
  P570: {
    en: ['date of death', 'death date'],
    fr: ['date de mort', 'date de décès'],
    datatype: 'time',
    subjects: [human],
    single: true,
  },
  P571: { en: ['inception', 'date founded'], fr: ['date de fondation'], datatype: 'time' },
  P580: { en: ['start time'], fr: ['date de début'], datatype: 'time' },
  P582: { en: ['end time'], fr: ['date de fin'], datatype: 'time' },
  P585: { en: ['point in time'], fr: ['date'], datatype: 'time' },
  P625: {
    en: ['coordinate location', 'coordinates'],
    fr: ['coordonnées géographiques'],
    datatype: 'coord',
    single: true,
  },
  P1082: { en: ['population'], fr: ['population'], datatype: 'quantity' },
  P1376: { en: ['capital of'], fr: ['capitale de'], datatype: 'item', subjects: [settlement], values: state },
  P1448: { en: ['official name'], fr: ['nom officiel'], datatype: 'monolingual_text' },
  P2044: { en: ['elevation above sea level', 'elevation'], fr: ['altitude'], datatype: 'quantity', units: [metre] },
  P2046: { en: ['area', 'surface area'], fr: ['superficie'], datatype: 'quantity', units: ['Q712226'] },
  P2048: { en: ['height'], fr: ['hauteur'], datatype: 'quantity', units: [metre, kilometre] },
};

/** English label of a property of this gazetteer. */
export function propertyLabel(id: string): string {
  const row = rows[id];
  if (!row) throw new TypeError(`no property ${id}`);
  return row.en[0];
}

/** The properties, in order of their number. A property also answers to its own id, because entity files often carry nothing else. */
export function gazetteerProperties(): PropertyLine[] {
  return byNumber(
    Object.entries(rows).map(([id, { en, fr, datatype, subjects, values, single, units }]): PropertyLine => {
      const [label, ...aliases] = en;
      return {
        id,
        labels: { en: label, ...(fr ? { fr: fr[0] } : {}) },
        aliases: { en: [...aliases, id], ...(fr && fr.length > 1 ? { fr: fr.slice(1) } : {}) },
        datatype,
        subject_types: [...(subjects ?? [])],
        value_types: [...(values ?? [])],
        single_value: single === true,
        allowed_units: [...(units ?? [])],
      };
    }),
  );
}
