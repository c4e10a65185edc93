import { describe, expect, it } from 'vitest';
import { verdictOf } from '../report-verdict.ts';
import { cleanCase, factsOf } from './facts.fixture.ts';
import { judge } from './judge.ts';
import { passingOver, planted, said } from './plants.fixture.ts';

const terms = { asOf: '2026-01-01T00:00:00Z', inputs: [] };
const rows = (count: number, listed: number) => ({
  code: 'TABLE_ROW_MALFORMED',
  doc_id: 'areas.csv',
  source_id: 'ada',
  count,
  places: Array.from({ length: listed }, (_, i) => ({
    row: i + 2,
    offsets: { start_char: 10 * i, end_char: 10 * i + 9 },
  })),
});

describe('what a build goes on without', () => {
  it('names each malformed row by file, row and place, and stays passed', () => {
    const report = judge(passingOver(factsOf(cleanCase('grounded')), rows(2, 2)), terms);
    expect(report.validation_status).toBe('passed');
    expect(report.stats).toEqual({ error_count: 0, warning_count: 2, info_count: 0 });
    expect(report.issues).toMatchObject([
      {
        severity: 'WARNING',
        code: 'KRS_V3_TABLE_ROW_MALFORMED',
        location: { json_pointer: '/claim_ir_batch/passed_over/0/places/0', source_uri: 'ada' },
        details: { doc_id: 'areas.csv', row: 2, start_char: 0, end_char: 9 },
      },
      { details: { row: 3, start_char: 10, end_char: 19 } },
    ]);
  });

  it('tells the number of rows past the list', () => {
    const report = judge(passingOver(factsOf(cleanCase('grounded')), rows(500, 1)), terms);
    expect(report.issues.map(({ details }) => details)).toEqual([
      { doc_id: 'areas.csv', more_rows: 499 },
      { doc_id: 'areas.csv', row: 2, start_char: 0, end_char: 9 },
    ]);
  });

  it('tells other parts that were not read under the extractor’s code', () => {
    const entry = { code: 'TABLE_MAPPING_MISSING', doc_id: 'areas.csv', source_id: 'ada', count: 1 };
    const report = judge(passingOver(factsOf(cleanCase('exploratory')), entry), terms);
    expect(report.issues).toMatchObject([
      {
        severity: 'INFO',
        code: 'KRS_V3_SOURCE_PASSED_OVER',
        details: { doc_id: 'areas.csv', code: 'TABLE_MAPPING_MISSING', count: 1 },
      },
    ]);
  });
});

describe('a text without claims', () => {
  const open = { status: 'unresolved', surface: 'About maps' };

  it.each(['strict', 'grounded', 'exploratory'] as const)('is told and leaves %s passed', (profile) => {
    const report = judge(factsOf(planted((c) => (c.resolved[0].subject = open), profile, said())), terms);
    expect(report.validation_status).toBe('passed');
    expect(report.issues).toMatchObject([
      { severity: 'INFO', code: 'KRS_V3_DOCUMENT_WITHOUT_CLAIMS', location: { json_pointer: '/claim_ir/0' } },
    ]);
  });

  it('is not one whose claims the resolution dropped', () => {
    const facts = factsOf(
      planted((c) => {
        c.resolved[0].subject = open;
        c.resolved[0].claims = [];
      }, 'grounded'),
    );
    const report = judge(facts, terms);
    expect(report.validation_status).toBe('failed');
    const codes = report.issues.map(({ code }) => code);
    expect(codes).toContain('KRS_V3_RESOLUTION_DROPPED_CLAIM');
    expect(codes).toContain('KRS_V3_ENTITY_UNRESOLVED');
    expect(codes).not.toContain('KRS_V3_DOCUMENT_WITHOUT_CLAIMS');
  });

  it('does not make its build partial for the gate', () => {
    const inputs = [{ kind: 'x', ref: factsOf(cleanCase()).run.ref }];
    const report = judge(factsOf(planted((c) => (c.resolved[0].subject = open), 'strict', said())), {
      ...terms,
      inputs,
    });
    expect(verdictOf(report, { allow_partial: false }, inputs)).toEqual({ verdict: 'PASS', codes: [] });
  });
});
