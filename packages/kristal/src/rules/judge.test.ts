import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportExtension } from '../report.ts';
import { cleanCase, factsOf, type Said } from './facts.fixture.ts';
import { judge } from './judge.ts';
import { type Plant, planted, time } from './plants.fixture.ts';

const terms = { asOf: '2026-01-01T00:00:00Z', inputs: [] };

describe('judge', () => {
  it('follows the severities of the profile', () => {
    const plant: Plant = (c) => (c.resolved[0].claims[0].object.value = { status: 'unresolved', surface: 'London' });
    const status = (profile: 'strict' | 'grounded') => judge(factsOf(planted(plant, profile)), terms).validation_status;
    expect([status('strict'), status('grounded')]).toEqual(['failed', 'partial']);
  });

  it('keeps so many issues per code and counts them all', () => {
    const many = cleanCase('strict', [Array.from({ length: 80 }, () => ({ pid: 'P570', object: time('1815-02-30') }))]);
    const report = judge(factsOf(many), terms);
    const row = reportExtension(report)?.found.find(({ code }) => code === 'KRS_V3_VALUE_INVALID');
    expect(row).toEqual({ code: 'KRS_V3_VALUE_INVALID', severity: 'ERROR', found: 80, kept: 50 });
    expect(report.stats?.error_count).toBe(80);
    const pointers = report.issues.map((issue) => issue.location?.json_pointer ?? '');
    expect(pointers).toEqual([...pointers].sort());
  });

  it('gives one core hash whatever the time and the names of the inputs, and another report id', () => {
    const facts = factsOf(cleanCase());
    const one = judge(facts, terms);
    const two = judge(facts, { asOf: '2031-01-01T00:00:00Z', inputs: [{ kind: 'x', ref: facts.run.ref }] });
    expect(reportExtension(two)?.report_core_hash).toBe(reportExtension(one)?.report_core_hash);
    expect(two.report_id).not.toBe(one.report_id);
    expect(two.created_at).toBe('2031-01-01T00:00:00Z');
  });

  it('finds the same whatever order rules see documents in', () => {
    const lines: Said[][] = Array.from({ length: 6 }, (_, i) => [{ pid: 'P569', object: time(`18${10 + i}-01-01`) }]);
    const counts = (list: Said[][]) =>
      (reportExtension(judge(factsOf(cleanCase('strict', list)), terms))?.found ?? []).map(({ code, found }) => [
        code,
        found,
      ]);
    const expected = counts(lines);
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (order) => {
        expect(counts(order)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});
