import { digestOf } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { type Issue, reportCoreHash, reportId, type ValidationReport, ValidationReportSchema } from './report.ts';
import { verdictOf } from './report-verdict.ts';

const ref = digestOf('resolved');
const inputs = [{ kind: 'resolved-batch', ref }];

function issue(severity: Issue['severity'], code: string): Issue {
  return { severity, code, message: 'x', location: { json_pointer: '/resolved/0' } };
}

/** A report that agrees with itself, and then with whatever a test changes. */
function report(status: ValidationReport['validation_status'], issues: Issue[], change: object = {}): ValidationReport {
  const made: ValidationReport = {
    schema_version: '3.0',
    validation_status: status,
    issues,
    stats: { error_count: issues.filter((i) => i.severity === 'ERROR').length, warning_count: 0, info_count: 0 },
    created_at: '2026-01-01T00:00:00Z',
    extensions: {
      orgo: {
        report_core_hash: ref,
        inputs,
        resources: [],
        profile: 'grounded',
        ruleset: 'r',
        max_issues_per_code: 10,
        found: [],
        judged: { documents: 1, claims: 1 },
      },
    },
  };
  (made.extensions as { orgo: { report_core_hash: string } }).orgo.report_core_hash = reportCoreHash(made);
  return { ...made, ...change };
}

const strict = { allow_partial: false };
const lenient = { allow_partial: true };
const ambiguous = issue('WARNING', 'KRS_V3_ENTITY_AMBIGUOUS');
const invalid = issue('ERROR', 'KRS_V3_VALUE_INVALID');
const missing = issue('ERROR', 'KRS_V3_EVIDENCE_MISSING');

describe('verdictOf', () => {
  const cases: [string, unknown, { allow_partial: boolean }, 'PASS' | 'FAIL', string[]][] = [
    ['passed', report('passed', []), strict, 'PASS', []],
    ['passed with a warning', report('passed', [issue('WARNING', 'KRS_V3_SELF_REFERENCE')]), strict, 'PASS', []],
    ['partial', report('partial', [ambiguous]), strict, 'FAIL', ['VALIDATION_PARTIAL']],
    ['partial where admitted', report('partial', [ambiguous]), lenient, 'PASS', ['VALIDATION_PARTIAL']],
    [
      'failed',
      report('failed', [invalid, missing, invalid, ambiguous]),
      lenient,
      'FAIL',
      ['KRS_V3_EVIDENCE_MISSING', 'KRS_V3_VALUE_INVALID'],
    ],
    ['nothing', undefined, lenient, 'FAIL', ['VALIDATION_REPORT_INVALID']],
    ['a member too many', { ...report('passed', []), verdict: 'PASS' }, strict, 'FAIL', ['VALIDATION_REPORT_INVALID']],
    ['an error called passed', report('passed', [invalid]), strict, 'FAIL', ['VALIDATION_REPORT_INVALID']],
    ['open content called passed', report('passed', [ambiguous]), strict, 'FAIL', ['VALIDATION_REPORT_INVALID']],
    [
      'errors counted but not told',
      report('passed', [], { stats: { error_count: 1 } }),
      strict,
      'FAIL',
      ['VALIDATION_REPORT_INVALID'],
    ],
    [
      'an issue removed after the fact',
      { ...report('failed', [invalid, missing]), issues: [invalid] },
      strict,
      'FAIL',
      ['VALIDATION_REPORT_INVALID'],
    ],
    [
      'no word about what was judged',
      report('passed', [], { extensions: {} }),
      strict,
      'FAIL',
      ['VALIDATION_REPORT_INVALID'],
    ],
  ];
  it.each(cases)('%s', (_what, given, policy, verdict, codes) => {
    expect(verdictOf(given, policy, inputs)).toEqual({ verdict, codes });
  });

  it('demands that every input of the stage was judged', () => {
    const mismatch = { verdict: 'FAIL', codes: ['VALIDATION_REPORT_MISMATCH'] };
    const other = { kind: 'resolved-batch', ref: digestOf('another') };
    expect(verdictOf(report('passed', []), strict, [other])).toEqual(mismatch);
    expect(verdictOf(report('passed', []), strict, [...inputs, { kind: 'snapshot-set', ref }])).toEqual(mismatch);
    expect(verdictOf(report('passed', []), strict, [])).toEqual(mismatch);
  });
});

describe('a report', () => {
  it('keeps its core hash when id, time and names of inputs change, and loses it with any issue', () => {
    const one = report('failed', [invalid]);
    const hash = reportCoreHash(one);
    expect(reportCoreHash({ ...one, report_id: 'x', created_at: 'y', build_id: 'z' })).toBe(hash);
    expect(reportCoreHash({ ...one, issues: [] })).not.toBe(hash);
    expect(reportId(one)).not.toBe(reportId({ ...one, created_at: '2031-01-01T00:00:00Z' }));
  });

  it('refuses codes outside the alphabet and pointers that do not start at the root', () => {
    const refused = [issue('ERROR', 'krs.v3.bad'), { ...invalid, location: { json_pointer: 'resolved/0' } }];
    for (const bad of refused) expect(ValidationReportSchema.safeParse(report('failed', [bad])).success).toBe(false);
  });
});
