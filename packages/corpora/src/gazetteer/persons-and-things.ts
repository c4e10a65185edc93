import { classes } from './classes.ts';
import type { EntityLine } from './lines.ts';

type Names = readonly [label: string, ...aliases: string[]];
type Row = {
  id: string;
  en: Names;
  fr?: Names;
  types: readonly string[];
  popularity_bp: number;
  description: string;
  related?: readonly string[];
};

const { human, settlement, city, occupation, award, mountain, mountainRange, unit, area } = classes;

/** What the reader's texts speak of beside countries and capitals. Every id is well known; none is invented. */
const rows: readonly Row[] = [
  {
    id: 'Q7259',
    en: ['Ada Lovelace', 'Augusta Ada King, Countess of Lovelace'],
    fr: ['Ada Lovelace'],
    types: [human],
    popularity_bp: 7500,
    description: 'English mathematician and writer of the nineteenth century, known for notes on the Analytical Engine',
    related: ['Q46633'],
  },
  {
    id: 'Q46633',
    en: ['Charles Babbage'],
    types: [human],
    popularity_bp: 7000,
    description: 'English mathematician, philosopher and engineer who designed the Analytical Engine',
    related: ['Q7259'],
  },
  {
    id: 'Q7186',
    en: ['Marie Curie', 'Maria Skłodowska-Curie', 'Marie Skłodowska Curie'],
    fr: ['Marie Curie', 'Marie Skłodowska-Curie'],
    types: [human],
    popularity_bp: 8500,
    description: 'Polish and French physicist and chemist, twice honoured with a Nobel Prize',
    related: ['Q37463'],
  },
  {
    id: 'Q37463',
    en: ['Pierre Curie'],
    fr: ['Pierre Curie'],
    types: [human],
    popularity_bp: 7000,
    description: 'French physicist, husband of Marie Curie',
    related: ['Q7186'],
  },
  {
    id: 'Q7251',
    en: ['Alan Turing', 'Alan Mathison Turing'],
    types: [human],
    popularity_bp: 8500,
    description: 'English mathematician, computer scientist and codebreaker',
  },
  {
    id: 'Q8958',
    en: ['Johannes Gutenberg', 'Gutenberg'],
    fr: ['Johannes Gutenberg', 'Gutenberg'],
    types: [human],
    popularity_bp: 7500,
    description: 'German inventor and printer who brought movable type to Europe',
    related: ['Q1720'],
  },
  {
    id: 'Q1720',
    en: ['Mainz'],
    fr: ['Mayence'],
    types: [settlement, city],
    popularity_bp: 6500,
    description: 'city on the Rhine in Germany',
    related: ['Q183'],
  },
  {
    id: 'Q350',
    en: ['Cambridge'],
    fr: ['Cambridge'],
    types: [settlement, city],
    popularity_bp: 7500,
    description: 'university city in Cambridgeshire, England',
    related: ['Q145'],
  },
  {
    id: 'Q49111',
    en: ['Cambridge', 'Cambridge, Massachusetts'],
    types: [settlement, city],
    popularity_bp: 6500,
    description: 'city in Massachusetts, home of two universities',
    related: ['Q30'],
  },
  {
    id: 'Q1428',
    en: ['Georgia', 'State of Georgia'],
    types: [area],
    popularity_bp: 7000,
    description: 'state of the United States of America',
    related: ['Q30'],
  },
  {
    id: 'Q583',
    en: ['Mont Blanc'],
    fr: ['mont Blanc', 'Mont Blanc'],
    types: [mountain],
    popularity_bp: 7000,
    description: 'highest mountain of the Alps',
    related: ['Q1286'],
  },
  {
    id: 'Q1286',
    en: ['Alps', 'The Alps'],
    fr: ['Alpes'],
    types: [mountainRange],
    popularity_bp: 8000,
    description: 'mountain range in Europe',
    related: ['Q583'],
  },
  {
    id: 'Q937',
    en: ['Albert Einstein', 'Einstein'],
    fr: ['Albert Einstein'],
    types: [human],
    popularity_bp: 9000,
    description: 'German-born physicist who made the theory of relativity',
    related: ['Q3012'],
  },
  {
    id: 'Q935',
    en: ['Isaac Newton', 'Newton'],
    fr: ['Isaac Newton'],
    types: [human],
    popularity_bp: 9000,
    description: 'English mathematician and physicist who described gravitation',
  },
  {
    id: 'Q535',
    en: ['Victor Hugo'],
    fr: ['Victor Hugo'],
    types: [human],
    popularity_bp: 8500,
    description: 'French poet, novelist and playwright',
    related: ['Q37776'],
  },
  {
    id: 'Q307',
    en: ['Galileo Galilei', 'Galileo'],
    fr: ['Galilée'],
    types: [human],
    popularity_bp: 8500,
    description: 'Italian astronomer and physicist',
    related: ['Q13375'],
  },
  {
    id: 'Q215562',
    en: ['Frederick Douglass'],
    types: [human],
    popularity_bp: 7000,
    description: 'American writer and orator who fought slavery',
  },
  {
    id: 'Q3012',
    en: ['Ulm'],
    fr: ['Ulm'],
    types: [settlement, city],
    popularity_bp: 6000,
    description: 'city on the Danube in Germany',
    related: ['Q183'],
  },
  {
    id: 'Q37776',
    en: ['Besançon'],
    fr: ['Besançon'],
    types: [settlement, city],
    popularity_bp: 6000,
    description: 'city on the Doubs in France',
    related: ['Q142'],
  },
  {
    id: 'Q13375',
    en: ['Pisa'],
    fr: ['Pise'],
    types: [settlement, city],
    popularity_bp: 6500,
    description: 'city in Tuscany, Italy',
    related: ['Q38'],
  },
  {
    id: 'Q513',
    en: ['Mount Everest', 'Everest'],
    fr: ['Everest', 'mont Everest'],
    types: [mountain],
    popularity_bp: 8500,
    description: 'highest mountain of the Earth',
    related: ['Q5451'],
  },
  {
    id: 'Q1374',
    en: ['Matterhorn'],
    fr: ['Cervin', 'mont Cervin'],
    types: [mountain],
    popularity_bp: 7000,
    description: 'mountain of the Alps',
    related: ['Q1286'],
  },
  {
    id: 'Q5451',
    en: ['Himalayas'],
    fr: ['Himalaya'],
    types: [mountainRange],
    popularity_bp: 8000,
    description: 'mountain range in Asia',
    related: ['Q513'],
  },
  {
    id: 'Q38104',
    en: ['Nobel Prize in Physics'],
    fr: ['prix Nobel de physique'],
    types: [award],
    popularity_bp: 8000,
    description: 'yearly award for physics',
  },
  {
    id: 'Q44585',
    en: ['Nobel Prize in Chemistry'],
    fr: ['prix Nobel de chimie'],
    types: [award],
    popularity_bp: 8000,
    description: 'yearly award for chemistry',
  },
  { id: 'Q712226', en: ['square kilometre', 'km²'], types: [unit], popularity_bp: 5000, description: 'unit of area' },
  { id: 'Q11573', en: ['metre', 'm'], types: [unit], popularity_bp: 5000, description: 'unit of length' },
  { id: 'Q828224', en: ['kilometre', 'km'], types: [unit], popularity_bp: 5000, description: 'unit of length' },
];

/** Occupations by id: English name, then French forms. */
const occupations: Readonly<Record<string, { en: Names; fr?: Names }>> = {
  Q11063: { en: ['astronomer'], fr: ['astronome'] },
  Q33999: { en: ['actor'] },
  Q36180: { en: ['writer'], fr: ['écrivain', 'écrivaine'] },
  Q36834: { en: ['composer'], fr: ['compositeur', 'compositrice'] },
  Q42973: { en: ['architect'], fr: ['architecte'] },
  Q49757: { en: ['poet'], fr: ['poète'] },
  Q81096: { en: ['engineer'], fr: ['ingénieur'] },
  Q82594: { en: ['computer scientist'], fr: ['informaticien', 'informaticienne'] },
  Q169470: { en: ['physicist'], fr: ['physicien', 'physicienne'] },
  Q170790: { en: ['mathematician'], fr: ['mathématicien', 'mathématicienne'] },
  Q175151: { en: ['printer'], fr: ['imprimeur'] },
  Q201788: { en: ['historian'], fr: ['historien', 'historienne'] },
  Q205375: { en: ['inventor'], fr: ['inventeur', 'inventrice'] },
  Q211423: { en: ['goldsmith'], fr: ['orfèvre'] },
  Q593644: { en: ['chemist'], fr: ['chimiste'] },
  Q864503: { en: ['biologist'], fr: ['biologiste'] },
  Q901: { en: ['scientist'], fr: ['scientifique'] },
  Q1028181: { en: ['painter'], fr: ['peintre'] },
  Q1930187: { en: ['journalist'], fr: ['journaliste'] },
  Q4964182: { en: ['philosopher'], fr: ['philosophe'] },
};

const named = ({ en, fr }: { en: Names; fr?: Names }): Pick<EntityLine, 'labels' | 'aliases'> => ({
  labels: { en: en[0], ...(fr ? { fr: fr[0] } : {}) },
  aliases: {
    ...(en.length > 1 ? { en: en.slice(1) } : {}),
    ...(fr && fr.length > 1 ? { fr: fr.slice(1) } : {}),
  },
});

/** The entities of these tables. */
export function personsAndThings(): EntityLine[] {
  const things = rows.map(({ id, types, popularity_bp, description, related, ...names }) => ({
    id,
    ...named(names),
    types: [...types],
    popularity_bp,
    description,
    related: [...(related ?? [])],
  }));
  const professions = Object.entries(occupations).map(([id, names]) => ({
    id,
    ...named(names),
    types: [occupation],
    popularity_bp: 5000,
    description: 'profession',
    related: [],
  }));
  return [...things, ...professions];
}
