import { type BuildStatus, isTerminalBuildPhase } from '@orgo/contracts';
import { digestOfBytes, parseStrict } from '@orgo/core';
import type { Issue } from '@orgo/kristal';
import { asCliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { colors as pc } from './colors.ts';
import { shown } from './read-input.ts';

/** A build with what its validation report says: the issues in the report's order, or the code of why the report cannot be read here. */
export type BuildWithIssues = BuildStatus & { issues: Issue[]; issues_unread: string | null };

/** Reads a build's validation report. That it cannot be read hides no build: the code stands in `issues_unread`. */
export async function withIssues(client: Client, build: BuildStatus): Promise<BuildWithIssues> {
  const ref = build.validation.report_ref;
  if (ref === null) return { ...build, issues: [], issues_unread: null };
  let bytes: Uint8Array;
  try {
    bytes = await client.bytes('getArtifact', { params: { digest: ref } });
  } catch (error) {
    return { ...build, issues: [], issues_unread: asCliError(error).code };
  }
  if (digestOfBytes(bytes) !== ref) return { ...build, issues: [], issues_unread: 'HASH_MISMATCH' };
  const { artifactLimits, ValidationReportSchema } = await import('@orgo/kristal');
  const json = parseStrict(bytes, artifactLimits);
  const report = ValidationReportSchema.safeParse(json.ok ? json.value : undefined);
  return report.success
    ? { ...build, issues: report.data.issues, issues_unread: null }
    : { ...build, issues: [], issues_unread: 'VALIDATION_REPORT_INVALID' };
}

const order = ['ERROR', 'WARNING', 'INFO'] as const;
const most = 10;

/** The issues for a person, errors first: severity, code, and the file and place where it has one. */
export function describeIssues({ validation, issues, issues_unread, status }: BuildWithIssues): string[] {
  const label = pc.dim('issues');
  if (issues_unread !== null) return [`${label}      the validation report cannot be read: ${issues_unread}`];
  if (issues.length === 0) return [];
  const counts = order.flatMap((severity) => {
    const count = issues.filter((issue) => issue.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  const sorted = order.flatMap((severity) => issues.filter((issue) => issue.severity === severity));
  const lines = [`${label}      ${counts.join(', ')}`, ...sorted.slice(0, most).map((issue) => `  ${lineOf(issue)}`)];
  if (issues.length > most || isTerminalBuildPhase(status))
    lines.push(`  ${pc.dim(`all of them: orgo artifact get ${validation.report_ref} --out report.json`)}`);
  return lines;
}

const paint = { ERROR: pc.red, WARNING: pc.yellow, INFO: pc.dim };

const lineOf = (issue: Issue): string =>
  `${paint[issue.severity](issue.severity)} ${issue.code}  ${shown(placeOf(issue))}`;

/** File and row where the rule tells them, otherwise where the issue points. */
function placeOf({ location, details = {} }: Issue): string {
  const { doc_id, row, start_char, end_char, more_rows, code } = details;
  if (typeof doc_id !== 'string')
    return [location?.entity_id, location?.json_pointer, location?.claim_id].filter(Boolean).join(' ');
  const place = [doc_id];
  if (row !== undefined) place.push(`row ${row}, characters ${start_char} to ${end_char}`);
  if (more_rows !== undefined) place.push(`and ${more_rows} more rows`);
  if (code !== undefined) place.push(`${code}`);
  return place.join(' ');
}
