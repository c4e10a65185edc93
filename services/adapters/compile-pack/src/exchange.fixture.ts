import { digestOf } from '@orgo/core';
import {
  type DataValue,
  type Exchange,
  type ExchangeItem,
  type ExchangeStatement,
  kristalId,
  type Qualifier,
  statementId,
} from '@orgo/kristal';

const names = (en: string) => ({ labels: { en, fr: `le ${en}` }, descriptions: {}, aliases: { en: [`${en} alias`] } });

/** A statement as the Exchange compiler would write it, with one claim and one piece of evidence. */
export function statement(
  subject: string,
  property_id: string,
  datavalue: DataValue,
  qualifiers: Qualifier[] = [],
): ExchangeStatement {
  const evidence_ids = [`ev:${digestOf([subject, property_id, datavalue]).slice(7, 39)}`];
  return {
    statement_id: statementId({ subject, property_id, datavalue, qualifiers }, evidence_ids),
    property_id,
    snaktype: 'value',
    datavalue,
    rank: 'normal',
    confidence_bp: 9000,
    qualifiers,
    claims: [
      { claim_id: `c:${digestOf([property_id, subject, datavalue]).slice(7, 39)}`, confidence_bp: 9000, evidence_ids },
    ],
    evidence_ids,
  };
}

export type Triple = readonly [subject: string, property: string, value: DataValue];

/** An Exchange around statements: its items, properties and evidence follow from them. */
export function exchangeOf(triples: readonly Triple[]): Exchange {
  const items = new Map<string, ExchangeItem>();
  const item = (qid: string): ExchangeItem => {
    const known = items.get(qid) ?? { entity_id: qid, type: 'item', ...names(`thing ${qid}`), statements: [] };
    items.set(qid, known);
    return known;
  };
  const properties = new Set<string>();
  const evidence: Exchange['evidence_index'] = [];
  for (const [subject, property, value] of triples) {
    const made = statement(subject, property, value);
    item(subject).statements.push(made);
    if (value.type === 'item') item(value.value.qid);
    properties.add(property);
    evidence.push({
      evidence_id: made.evidence_ids[0] as string,
      source: { source_id: 'fixture', source_sha256: digestOf('fixture').slice(7) },
      locator: { offsets: { start_char: 0, end_char: 1 } },
    });
  }
  const content: Omit<Exchange, 'kristal_id'> = {
    schema_version: '3.0',
    exchange_format: 'orgo.exchange/1',
    canonicalization_profile: 'kristal.v3:jcs-rfc8785',
    canonicalization_version: '1',
    items: [...items.values()],
    properties: [...properties].map((property_id) => ({ property_id, datatype: 'item', ...names(property_id) })),
    evidence_index: evidence,
    unresolved: [],
  };
  return { ...content, kristal_id: kristalId(content) };
}

const item = (qid: string): DataValue => ({ type: 'item', value: { qid } });
const text = (value: string): DataValue => ({ type: 'string', value });

/** Nine statements that show every value type and the numeric order of ids (Q9 before Q10). */
export const tinyExchange: Exchange = exchangeOf([
  ['Q10', 'P36', item('Q9')],
  ['Q9', 'P31', item('Q10')],
  ['Q9', 'P31', item('Q2')],
  ['Q9', 'P17', item('Q10')],
  ['Q9', 'P1448', { type: 'monolingual_text', value: { text: 'Neuf', lang: 'fr' } }],
  ['Q2', 'P1082', { type: 'quantity', value: { amount: 1200 } }],
  ['Q2', 'P571', { type: 'time', value: { iso8601: '1820-01-01', precision: 'year' } }],
  ['Q2', 'P625', { type: 'coord', value: { lat: 48.5, lon: 2.25 } }],
  ['Q100', 'P300', text('X-1')],
]);

/** A large Exchange with made-up statement ids, in scrambled order: 97 properties, ten statements per subject, one in four a literal. */
export function syntheticExchange(count: number): Exchange {
  const statementAt = (i: number): ExchangeStatement => ({
    statement_id: `sha256:${((i * 2654435761) % 4294967296).toString(16).padStart(64, '0')}`,
    property_id: `P${1 + ((i * 31) % 97)}`,
    snaktype: 'value',
    datavalue:
      i % 4 === 0 ? { type: 'quantity', value: { amount: i % 5000 } } : item(`Q${1 + ((i * 7919) % (count / 10))}`),
    rank: 'normal',
    qualifiers: [],
    claims: [{ claim_id: `c:${i}`, evidence_ids: [] }],
    evidence_ids: [],
  });
  const items = Array.from(
    { length: count / 10 },
    (_, i): ExchangeItem => ({
      entity_id: `Q${1 + ((i * 17) % (count / 10))}`,
      type: 'item',
      labels: {},
      descriptions: {},
      aliases: {},
      statements: Array.from({ length: 10 }, (_, j) => statementAt(i * 10 + j)),
    }),
  );
  return { ...tinyExchange, items, properties: [], evidence_index: [] };
}
