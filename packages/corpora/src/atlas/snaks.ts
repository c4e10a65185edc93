/** Statements in the shape of Wikidata's entity JSON, as far as the atlas needs it. */
export type Snak = {
  snaktype: 'value';
  property: string;
  datatype: string;
  datavalue: { type: string; value: unknown };
};
export type Statement = { type: 'statement'; rank: 'normal'; mainsnak: Snak };

function statement(property: string, datatype: string, type: string, value: unknown): Statement {
  const mainsnak: Snak = { snaktype: 'value', property, datatype, datavalue: { type, value } };
  return { type: 'statement', rank: 'normal', mainsnak };
}

export const itemStatement = (property: string, id: string) =>
  statement(property, 'wikibase-item', 'wikibase-entityid', { 'entity-type': 'item', id });

export const stringStatement = (property: string, text: string) => statement(property, 'external-id', 'string', text);

export const textStatement = (property: string, text: string, language: string) =>
  statement(property, 'monolingualtext', 'monolingualtext', { text, language });

export const coordinateStatement = (property: string, latitude: number, longitude: number) =>
  statement(property, 'globe-coordinate', 'globecoordinate', { latitude, longitude });

export type LabelMap = Record<string, { language: string; value: string }>;

export const labelMap = (names: Readonly<Record<string, string>>): LabelMap =>
  Object.fromEntries(Object.entries(names).map(([language, value]) => [language, { language, value }]));

export type Entity = { id: string; type: 'item' | 'property'; labels: LabelMap; claims?: Record<string, Statement[]> };
