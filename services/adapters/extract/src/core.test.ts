import { digestOf, digestOfBytes, utf8 } from '@orgo/core';
import { corpus } from '@orgo/corpora';
import { claimsOf, referenceTools } from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { claims, extract, type File, type Given, prose } from './core.fixture.ts';

describe('extract', () => {
  it('writes one document per subject and a batch that names each line by its digest', async () => {
    const { batch, dataRef, documents, metrics } = await extract([
      prose('Ada Lovelace was born in 1815. Charles Babbage was born in 1791. Ada Lovelace died in 1852.'),
    ]);
    expect(documents.map((document) => document.subject.surface).sort()).toEqual(['Ada Lovelace', 'Charles Babbage']);
    expect(batch?.members.map(({ ref }) => ref)).toEqual(documents.map((document) => digestOf(document)));
    expect(batch?.members.map(({ ref }) => ref)).toEqual([...(batch?.members ?? [])].map(({ ref }) => ref).sort());
    expect(batch).toMatchObject({
      data_ref: dataRef?.ref,
      offset_unit: 'unicode-code-point',
      extractor: referenceTools.extract,
    });
    expect(metrics).toMatchObject({ documents: 2, claims: 3 });
  });

  it('says so where a document has no claims, and keeps it', async () => {
    const { documents, codes } = await extract([prose('---\ntitle: "Empty"\nlang: fr\n---\nRien.')]);
    expect(documents).toMatchObject([
      { subject: { surface: 'Empty', lang: 'fr' }, claims: [], warnings: [{ code: 'NO_CLAIMS_EXTRACTED' }] },
    ]);
    expect(codes).toEqual(['NO_CLAIMS_EXTRACTED 1']);
  });

  it('counts offsets over the whole file, front matter included', async () => {
    const text = '---\ntitle: Ada 😀\n---\n\nShe was born in 1815.';
    const [claim] = claims((await extract([prose(text)])).documents);
    const [evidence] = claim?.evidence ?? [];
    expect(Array.from(text).slice(evidence?.offsets?.start_char, evidence?.offsets?.end_char).join('')).toBe(
      evidence?.quote,
    );
  });

  it('keeps alternatives with their first reading, each under its own id', async () => {
    const { documents, metrics } = await extract([prose('Frederick Douglass was born in 1817 or 1818.')]);
    const ids = documents.flatMap((document) => [...claimsOf(document)].map(({ claim }) => claim.claim_id));
    expect(claims(documents)).toMatchObject([{ alternatives: [{ object: { value: { iso8601: '1818-01-01' } } }] }]);
    expect(new Set(ids).size).toBe(2);
    expect(metrics?.claims).toBe(2);
  });

  it('warns of a claim under one half', async () => {
    const { documents } = await extract([prose('She was perhaps born about 1815 or 1816.', { title: 'Ada' })]);
    expect(claims(documents)[0]?.uncertainty).toMatchObject({
      confidence: 0.2,
      confidence_interval: { low: 0.1, high: 0.3 },
    });
    expect(documents[0]?.warnings?.map(({ code }) => code)).toEqual(['LOW_CONFIDENCE_EXTRACTION']);
  });

  it('has no grammar for a language and says so', async () => {
    expect((await extract([prose('Ada wurde 1815 geboren.', { lang: 'de' })])).codes).toEqual([
      'LANGUAGE_UNSUPPORTED 1',
      'NO_CLAIMS_EXTRACTED 1',
    ]);
  });

  it('does not read as_of: nothing in the bytes depends on it', async () => {
    const { documents } = await extract([prose('Ada Lovelace was born in 1815.')]);
    expect(documents[0]?.extraction).toEqual({ producer: { kind: 'rules', ...referenceTools.extract } });
  });
});

const mapping = (columns: object[]) => ({
  path: 't/x.mapping.json',
  media_type: 'application/json',
  text: JSON.stringify({
    kind: 'table-mapping',
    mapping_version: '1',
    table: 'x.csv',
    lang: 'en',
    subject: { column: 'name', id_column: 'id' },
    columns,
  }),
});
const area = { column: 'area', predicate: 'area', predicate_id: 'P2046', kind: 'quantity', unit_qid: 'Q712226' };
const table = (text: string): File => ({ path: 't/x.csv', media_type: 'text/csv', text });

describe('tables', () => {
  it('become claims by their mapping, with the cell as evidence and stated ids as candidates', async () => {
    const text = 'name,id,area\r\n"Malta",Q233,316\r\nMonaco,,2.02\r\n';
    const { documents } = await extract([table(text), mapping([area])]);
    const malta = documents.find((document) => document.subject.surface === 'Malta');
    expect(malta).toMatchObject({
      subject: { candidates: [{ id: 'Q233', score: 1, source: 't/x.csv' }] },
      claims: [
        {
          predicate: { surface: 'area', candidates: [{ id: 'P2046' }] },
          object: { kind: 'quantity', value: { amount: 316, unit_qid: 'Q712226' } },
          evidence: [{ quote: '316', offsets: { start_char: 27, end_char: 30 } }],
          uncertainty: { confidence: 0.99 },
        },
      ],
    });
    expect(documents.find((document) => document.subject.surface === 'Monaco')?.subject).not.toHaveProperty(
      'candidates',
    );
  });

  it('set malformed rows aside, leave empty cells out and keep inexact numbers as text', async () => {
    const text = 'name,id,area\nA,,\nB,,1,2\nC,,9007199254740993\n';
    const { documents, codes, batch } = await extract([table(text), mapping([area])]);
    expect(claims(documents)).toMatchObject([{ object: { kind: 'string', value: '9007199254740993' } }]);
    const row = { row: 3, offsets: { start_char: 17, end_char: 23 } };
    expect([...text].slice(17, 23).join('')).toBe('B,,1,2');
    expect(batch?.passed_over).toEqual([
      { code: 'TABLE_ROW_MALFORMED', doc_id: 't/x.csv', source_id: 't/x.csv', count: 1, places: [row] },
    ]);
    expect(codes).toEqual(['TABLE_ROW_MALFORMED 1', 'VALUE_NORMALIZATION_NEEDED 1']);
  });

  it('make no claim without a mapping, or with one that names other columns', async () => {
    expect((await extract([table('name,id,area\nA,,1\n')])).codes).toEqual([
      'NO_CLAIMS_EXTRACTED 1',
      'TABLE_MAPPING_MISSING 1',
    ]);
    const other = mapping([{ ...area, column: 'size' }]);
    expect((await extract([table('name,id,area\nA,,1\n'), other])).codes).toEqual([
      'NO_CLAIMS_EXTRACTED 1',
      'TABLE_COLUMN_MISSING 1',
    ]);
  });
});

const snak = (property: string, type: string, value: unknown, datatype = '') => ({
  snaktype: 'value',
  property,
  datatype,
  datavalue: { type, value },
});
const entityFile = (statements: Record<string, unknown[]>): File => ({
  path: 'e.json',
  media_type: 'application/json',
  text: JSON.stringify({
    entities: {
      Q142: { labels: { fr: { value: 'France' }, en: { value: 'France' } }, claims: statements },
      Q90: { labels: { en: { value: 'Paris' } } },
    },
    properties: { P36: { labels: { en: { value: 'capital' } } } },
  }),
});

describe('entity files', () => {
  it('become claims whose ids are candidates and whose evidence is a pointer', async () => {
    const mainsnak = snak('P36', 'wikibase-entityid', { id: 'Q90' });
    const { documents } = await extract([entityFile({ P36: [{ rank: 'preferred', mainsnak }] })]);
    expect(documents).toMatchObject([
      {
        subject: { surface: 'France', lang: 'en', candidates: [{ id: 'Q142', score: 1, source: 'e.json' }] },
        claims: [
          {
            predicate: { surface: 'capital', candidates: [{ id: 'P36' }] },
            object: { kind: 'item', value: { surface: 'Paris', candidates: [{ id: 'Q90' }] } },
            evidence: [
              {
                selector: { kind: 'json_pointer', value: '/entities/Q142/claims/P36/0/mainsnak' },
                quote:
                  '{"datatype":"","datavalue":{"type":"wikibase-entityid","value":{"id":"Q90"}},"property":"P36","snaktype":"value"}',
              },
            ],
            uncertainty: { confidence: 0.99 },
          },
        ],
      },
    ]);
    expect(documents[0]?.subject).not.toHaveProperty('qid');
  });

  it.each([
    ['string', 'France', 'external-id', { kind: 'string', value: 'France' }],
    ['string', 'https://example.org/', 'url', { kind: 'url', value: 'https://example.org/' }],
    [
      'monolingualtext',
      { text: 'France', language: 'fr' },
      '',
      { kind: 'monolingual_text', value: { text: 'France', lang: 'fr' } },
    ],
    [
      'quantity',
      { amount: '+551695', unit: 'http://www.wikidata.org/entity/Q712226' },
      '',
      { kind: 'quantity', value: { amount: 551695, unit_qid: 'Q712226' } },
    ],
    ['quantity', { amount: '-1.50', unit: '1' }, '', { kind: 'quantity', value: { amount: -1.5 } }],
    [
      'time',
      { time: '+1958-10-00T00:00:00Z', precision: 10 },
      '',
      { kind: 'time', value: { iso8601: '1958-10-01', precision: 'month' } },
    ],
    [
      'time',
      { time: '-0044-03-15T00:00:00Z', precision: 11 },
      '',
      { kind: 'time', value: { iso8601: '-0044-03-15', precision: 'day' } },
    ],
    ['globecoordinate', { latitude: 47, longitude: 2 }, '', { kind: 'coord', value: { lat: 47, lon: 2 } }],
  ])('read a %s value %j', async (type, value, datatype, object) => {
    const { documents } = await extract([entityFile({ P36: [{ mainsnak: snak('P36', type, value, datatype) }] })]);
    expect(claims(documents).map((claim) => claim.object)).toEqual([object]);
  });

  it('pass over deprecated, unknown and ill-formed statements, and count them', async () => {
    const good = snak('P36', 'wikibase-entityid', { id: 'Q90' });
    const statements = [
      { rank: 'deprecated', mainsnak: good },
      { mainsnak: { ...good, snaktype: 'somevalue' } },
      { mainsnak: snak('P36', 'wikibase-entityid', { id: 'L90' }) },
      { mainsnak: snak('P36', 'globecoordinate', { latitude: 91, longitude: 0 }) },
      null,
    ];
    const { codes } = await extract([entityFile({ P36: statements })]);
    expect(codes).toEqual(['NO_CLAIMS_EXTRACTED 1', 'STATEMENT_SKIPPED 5']);
  });

  it('of another shape make no claim', async () => {
    const file = { path: 'x.json', media_type: 'application/json', text: '{"rows":[]}' };
    expect((await extract([file])).codes).toEqual(['DOCUMENT_SHAPE_UNKNOWN 1', 'NO_CLAIMS_EXTRACTED 1']);
  });
});

describe('extract refuses', () => {
  it.each<[string, string, Given]>([
    [
      'another pinned extractor',
      'RESOURCE_VERSION_MISSING',
      { tools: { extract: { name: 'orgo-extract-rules', version: '9.9.9' } } },
    ],
    ['no pinned extractor', 'RESOURCE_VERSION_MISSING', { tools: {} }],
    ['more claims than the profile allows', 'STAGE_LIMIT_EXCEEDED', { maxClaims: 1 }],
    ['a text other than its snapshot says', 'STAGE_INPUT_INVALID', { codePoints: 3 }],
  ])('%s', async (_, code, given) => {
    expect((await extract([prose('Ada Lovelace was born on 10 December 1815 in London.')], given)).code).toBe(code);
  });
});

it('reads the reader corpus as it always did', async () => {
  const files = corpus('reader').files.map(({ path, bytes, media_type, source }): File => {
    return {
      path,
      text: new TextDecoder().decode(bytes),
      media_type,
      title: source.title ?? '',
      lang: source.lang ?? '',
    };
  });
  const { documents, batch, dataRef } = await extract(files);
  const listed = documents
    .flatMap((document) =>
      document.claims.map((claim) => `${document.subject.surface} | ${claim.predicate.surface} | ${claim.claim_id}`),
    )
    .sort();
  expect(listed).toMatchSnapshot();
  expect(dataRef?.ref).toBe(
    digestOfBytes(utf8(documents.map((document) => `${JSON.stringify(sorted(document))}\n`).join(''))),
  );
  expect(batch?.members).toHaveLength(18);
});

/** Members in code unit order, all the way down: with JSON.stringify an independent way to canonical JSON. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
