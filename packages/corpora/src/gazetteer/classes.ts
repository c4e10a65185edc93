/** Classes that properties refer to, by their Wikidata ids. They are entities of the gazetteer like any other. */
export const classes = {
  human: 'Q5',
  country: 'Q6256',
  sovereignState: 'Q3624078',
  /** Every country and territory has this class here. */
  area: 'Q56061',
  settlement: 'Q486972',
  city: 'Q515',
  region: 'Q82794',
  language: 'Q34770',
  currency: 'Q8142',
  occupation: 'Q28640',
  award: 'Q618779',
  mountain: 'Q8502',
  mountainRange: 'Q46831',
  organization: 'Q43229',
  unit: 'Q47574',
} as const;

/** English names of the classes. */
export const classNames: Readonly<Record<string, string>> = {
  [classes.human]: 'human',
  [classes.country]: 'country',
  [classes.sovereignState]: 'sovereign state',
  [classes.area]: 'administrative territorial entity',
  [classes.settlement]: 'human settlement',
  [classes.city]: 'city',
  [classes.region]: 'geographic region',
  [classes.language]: 'language',
  [classes.currency]: 'currency',
  [classes.occupation]: 'profession',
  [classes.award]: 'award',
  [classes.mountain]: 'mountain',
  [classes.mountainRange]: 'mountain range',
  [classes.organization]: 'organization',
  [classes.unit]: 'unit of measurement',
};
