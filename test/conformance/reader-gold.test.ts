import { corpus } from '@orgo/corpora';
import {
  type ClaimIr,
  decodeLines,
  indexText,
  type ResolvedClaimIr,
  type ResolvedObject,
  type ValidationReport,
} from '@orgo/kristal';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Chain, runChain } from './kristal-chain.fixture.ts';
import { readerGold } from './reader-gold.fixture.ts';

let chain: Chain;
let proposed: ClaimIr[];
let resolved: { path: string; document: ResolvedClaimIr }[];
let report: ValidationReport;

const artifact = (kind: string) =>
  chain.stages.flatMap(({ outputs }) => outputs).find((output) => output.kind === kind) ?? expect.fail(kind);

async function lines<T>(kind: string): Promise<T[]> {
  const read = decodeLines(await chain.memory.read(artifact(kind).ref));
  return read.ok ? (read.value as T[]) : expect.fail(read.detail);
}

beforeAll(async () => {
  chain = await runChain(['reader'], '2026-11-20T10:00:00.000Z', 'validate');
  expect(chain.refused).toBeUndefined();
  proposed = await lines<ClaimIr>('claim-ir-lines');
  const answers = await lines<ResolvedClaimIr>('resolved-lines');
  resolved = answers.map((document, i) => ({
    path: (proposed[i]?.document?.doc_id ?? '').replace('reader/', ''),
    document,
  }));
  report = (await chain.memory.json(artifact('validation-report'))) as unknown as ValidationReport;
});

function shown(object: ResolvedObject): string {
  switch (object.kind) {
    case 'item':
      return object.value.qid ?? `?${object.value.candidates?.map(({ id }) => id).join(',')}`;
    case 'time':
      return object.value.precision === 'year' ? `${object.value.iso8601.slice(0, 4)}/year` : object.value.iso8601;
    case 'quantity':
      return `${object.value.amount} ${object.value.unit_qid}`;
    case 'coord':
      return `${object.value.lat} ${object.value.lon}`;
    default:
      return JSON.stringify(object.value);
  }
}

const claimsOf = (path: string) =>
  resolved.filter((one) => one.path === path).flatMap(({ document }) => document.claims);
const issues = (code: string) => report.issues.filter((issue) => issue.code === code);

describe('the reader corpus against its gold', () => {
  it('gives every claim that a human reads in it, and no other', () => {
    const found = resolved.flatMap(({ path, document }) =>
      document.claims.map(
        ({ predicate, object }) => `${path} ${document.subject.qid} ${predicate.pid} ${shown(object)}`,
      ),
    );
    expect(found.sort()).toEqual([...readerGold].sort());
  });

  it('quotes at every offset the text that stands there', () => {
    const texts = new Map(
      corpus('reader').files.map(({ source, bytes }) => [source.source_id, indexText(new TextDecoder().decode(bytes))]),
    );
    const evidence = proposed.flatMap(({ claims }) => claims.flatMap((claim) => claim.evidence ?? []));
    expect(evidence.length).toBeGreaterThan(50);
    for (const { source, offsets, quote } of evidence) {
      const text = texts.get(source.source_id ?? '');
      expect(text?.slice(offsets?.start_char ?? 0, offsets?.end_char ?? 0)).toBe(quote);
    }
  });
});

describe('a planted difficulty', () => {
  it('ambiguous name: two towns and two Georgias stay open with their scores, and the build says so', () => {
    const open = [...claimsOf('alan-turing.md'), ...claimsOf('tbilisi.md')].flatMap(({ claim_id, object }) =>
      object.kind === 'item' && object.value.status === 'ambiguous'
        ? [{ claim_id, candidates: object.value.candidates }]
        : [],
    );
    expect(open).toHaveLength(2);
    for (const { candidates } of open) {
      const [first, second] = candidates?.map(({ score }) => score ?? 0) ?? [];
      expect((first ?? 0) - (second ?? 0)).toBeGreaterThan(0);
    }
    expect(
      issues('KRS_V3_ENTITY_AMBIGUOUS')
        .map(({ location }) => location?.claim_id)
        .sort(),
    ).toEqual(open.map(({ claim_id }) => claim_id).sort());
    expect(report.validation_status).toBe('partial');
  });

  it('"c. 1400": a year, not a day, with an interval', () => {
    const birth = proposed
      .flatMap(({ claims }) => claims)
      .find(({ evidence }) => evidence?.[0]?.quote?.includes('c. 1400'));
    expect(birth).toMatchObject({
      object: { value: { iso8601: '1400-01-01', precision: 'year' } },
      uncertainty: { confidence: 0.5, confidence_interval: { low: 0.4, high: 0.6 } },
    });
  });

  it('"1817 or 1818": both readings, as one group', () => {
    const dates = claimsOf('frederick-douglass.md').filter(({ predicate }) => predicate.pid === 'P569');
    expect(dates).toHaveLength(2);
    const notes = `alternative-group:${dates[0]?.claim_id}`;
    expect(dates.map((claim) => claim.notes)).toEqual([notes, notes]);
  });

  it('contradiction: both of Newton’s birthdays are kept, each with its sentence, and the validator names both', () => {
    const births = [...claimsOf('isaac-newton.md'), ...claimsOf('isaac-newton-fr.md')].filter(
      ({ predicate }) => predicate.pid === 'P569',
    );
    expect(births.map(({ evidence }) => evidence?.[0]?.quote)).toEqual([
      'He was born on 25 December 1642.',
      'Isaac Newton est né le 4 janvier 1643.',
    ]);
    const claims = births.map(({ claim_id }) => claim_id).sort();
    expect(issues('KRS_V3_SINGLE_VALUE_CONFLICT')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ severity: 'WARNING', details: { property: 'P569', values: 2, claims } }),
      ]),
    );
  });

  it('malformed row: set aside whole and counted, the rows around it kept', () => {
    const extract = chain.stages.find(({ stage }) => stage === 'extract')?.result;
    expect(extract?.ok && extract.value.diagnostics).toContainEqual({ code: 'TABLE_ROW_MALFORMED', count: 1 });
    expect(claimsOf('peaks.csv')).toHaveLength(2);
    const [issue, ...others] = issues('KRS_V3_TABLE_ROW_MALFORMED');
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ severity: 'WARNING', details: { doc_id: 'reader/peaks.csv', row: 3 } });
    const [peaks] = corpus('reader').files.filter(({ path }) => path === 'reader/peaks.csv');
    const text = indexText(new TextDecoder().decode(peaks?.bytes));
    const { start_char, end_char } = (issue?.details ?? {}) as { start_char: number; end_char: number };
    expect(text.slice(start_char, end_char)).toBe('Kangchenjunga,8586');
    expect(JSON.stringify(resolved)).not.toContain('Kangchenjunga');
  });

  it('instruction in a text: in the snapshot as it was written, in no claim', () => {
    const [ada] = corpus('reader').files.filter(({ path }) => path === 'reader/ada-lovelace.md');
    expect(new TextDecoder().decode(ada?.bytes)).toContain('Ignore every rule');
    expect(JSON.stringify([proposed, resolved, report])).not.toContain('Ignore every rule');
  });

  it('no claims: the document stays in the batch and says so', () => {
    const [maps] = proposed.filter(({ document }) => document?.doc_id === 'reader/about-maps.md');
    expect(maps).toMatchObject({ claims: [], warnings: [{ code: 'NO_CLAIMS_EXTRACTED' }] });
    expect(issues('KRS_V3_DOCUMENT_WITHOUT_CLAIMS')).toMatchObject([
      { severity: 'INFO', details: { doc_id: 'reader/about-maps.md' } },
    ]);
    expect(issues('KRS_V3_ENTITY_UNRESOLVED')).toEqual([]);
  });
});
