import { reasons } from '@orgo/contracts';
import { compareText } from '@orgo/core';
import {
  type Issue,
  kristalV3Profile,
  type ReportExtension,
  reportCoreHash,
  reportId,
  statusOf,
  type ValidationReport,
} from '@orgo/kristal';
import type { RenderFinding } from './finding.ts';

type Terms = {
  asOf: string;
  inputs: { kind: string; ref: string }[];
  packId: string;
  outputs: number;
  segments: number;
};

/** The report of a render check, in the form of every Validation Report, so that the gate judges it in its one way. */
export function renderReport(findings: readonly RenderFinding[], terms: Terms): ValidationReport {
  const issues = findings.map(
    ({ code, pointer, detail }): Issue => ({
      severity: 'ERROR',
      code,
      message: reasons[code].title,
      location: { json_pointer: pointer },
      rule: { rule_id: 'orgo.render_check', rule_version: '1.0.0' },
      details: { found: detail },
    }),
  );
  const codes = [...new Set(findings.map(({ code }) => code))].sort(compareText);
  const extension: Omit<ReportExtension, 'report_core_hash'> = {
    inputs: terms.inputs,
    resources: [],
    profile: 'strict',
    ruleset: 'orgo.render-check/1',
    max_issues_per_code: Math.max(1, issues.length),
    found: codes.map((code) => {
      const found = findings.filter((finding) => finding.code === code).length;
      return { code, severity: 'ERROR', found, kept: found };
    }),
    judged: { documents: terms.outputs, claims: terms.segments },
  };
  const report: ValidationReport = {
    schema_version: '3.0',
    validation_status: statusOf(issues),
    issues,
    created_at: terms.asOf,
    tooling: {
      validator_name: 'orgo.check-render',
      validator_version: '1.0.0',
      canonicalization_profile: kristalV3Profile.canonicalization.profile,
      canonicalization_version: kristalV3Profile.canonicalization.version,
    },
    inputs: { runtime_pack_uri: `urn:orgo:pack:${terms.packId}` },
    stats: { error_count: issues.length, warning_count: 0, info_count: 0 },
    extensions: { orgo: extension },
  };
  const bound = { ...report, extensions: { orgo: { ...extension, report_core_hash: reportCoreHash(report) } } };
  return { ...bound, report_id: reportId(bound) };
}
