import { compareText } from '@orgo/core';
import { reportCoreHash, reportExtension, type ValidationReport, ValidationReportSchema } from './report.ts';

/** What the gate needs of the pinned validation policy. */
export type VerdictPolicy = { allow_partial: boolean };

/** The gate's answer to a report. `codes` is empty on an ordinary PASS, and names `VALIDATION_PARTIAL` where a partial one was admitted. */
export type Verdict = { verdict: 'PASS' | 'FAIL'; codes: string[] };

/**
 * Derives the gate's verdict from a report, fail closed: only `passed` compiles; `partial` compiles where the policy admits it, and the
 * verdict says so. The report's own word is not believed: its status must follow from its issues, its counts and core hash from its content.
 *
 * FAIL codes: `VALIDATION_REPORT_INVALID` (not of the schema, or contradicting itself), `VALIDATION_REPORT_MISMATCH` (an input of the stage
 * is not among those judged), `VALIDATION_PARTIAL`, or the codes of the report's errors, sorted.
 * @param report parsed JSON, not trusted
 * @param inputs the stage's inputs; each must be among those the report says it judged
 */
export function verdictOf(
  report: unknown,
  policy: VerdictPolicy,
  inputs: readonly { kind: string; ref: string }[],
): Verdict {
  const parsed = ValidationReportSchema.safeParse(report);
  if (!parsed.success) return fail('VALIDATION_REPORT_INVALID');
  const extension = reportExtension(parsed.data);
  if (extension === undefined || !isConsistent(parsed.data)) return fail('VALIDATION_REPORT_INVALID');
  const judged = new Map(extension.inputs.map(({ kind, ref }) => [kind, ref]));
  if (judged.size !== extension.inputs.length) return fail('VALIDATION_REPORT_INVALID');
  if (inputs.length === 0 || inputs.some(({ kind, ref }) => judged.get(kind) !== ref))
    return fail('VALIDATION_REPORT_MISMATCH');

  const { validation_status } = parsed.data;
  if (validation_status === 'passed') return { verdict: 'PASS', codes: [] };
  if (validation_status === 'partial') {
    return { verdict: policy.allow_partial ? 'PASS' : 'FAIL', codes: ['VALIDATION_PARTIAL'] };
  }
  return fail(...errorCodes(parsed.data));
}

/** The distinct codes of a report's errors, sorted; `VALIDATION_FAILED` where a failed report names none. */
export function errorCodes(report: ValidationReport): string[] {
  const codes = report.issues.filter((issue) => issue.severity === 'ERROR').map((issue) => issue.code);
  return codes.length > 0 ? [...new Set(codes)].sort(compareText) : ['VALIDATION_FAILED'];
}

/** Codes whose warning means that content stays unresolved: a report with one of them is at best `partial`. */
export const unresolvedCodes: ReadonlySet<string> = new Set([
  'KRS_V3_ENTITY_AMBIGUOUS',
  'KRS_V3_ENTITY_UNRESOLVED',
  'KRS_V3_PROPERTY_AMBIGUOUS',
  'KRS_V3_PROPERTY_UNRESOLVED',
]);

/** The status that follows from issues: any error fails; unresolved content without an error is partial. */
export function statusOf(issues: readonly { severity: string; code: string }[]): ValidationReport['validation_status'] {
  if (issues.some((issue) => issue.severity === 'ERROR')) return 'failed';
  return issues.some((issue) => unresolvedCodes.has(issue.code)) ? 'partial' : 'passed';
}

function isConsistent(report: ValidationReport): boolean {
  const extension = reportExtension(report);
  return (
    extension !== undefined &&
    report.validation_status === statusOf(report.issues) &&
    (report.stats?.error_count ?? 0) > 0 === (report.validation_status === 'failed') &&
    extension.report_core_hash === reportCoreHash(report)
  );
}

const fail = (...codes: string[]): Verdict => ({ verdict: 'FAIL', codes });
