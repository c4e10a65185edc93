import { canonical, compareText } from '@orgo/core';
import type { ValidationProfile } from '../context.ts';
import { referenceTools } from '../profile.ts';
import { type Issue, type ReportExtension, reportCoreHash, reportId, type ValidationReport } from '../report.ts';
import { statusOf } from '../report-verdict.ts';
import type { ValidationFacts } from './facts.ts';
import { limitRule } from './limits.ts';
import type { Finding, Rule } from './rule.ts';
import { nativeValidationProfile, rulesetId, validationRules } from './table.ts';

const column: Record<ValidationProfile, 0 | 1 | 2> = { strict: 0, grounded: 1, exploratory: 2 };

/** What a judgement is made under besides its facts. */
export type JudgeTerms = {
  /** The build's logical time; it enters `created_at` and nothing else. */
  asOf: string;
  /** References of everything that was judged, sorted by kind. */
  inputs: readonly { kind: string; ref: string }[];
};

/**
 * Judges a resolved batch by every rule and writes the report. Issues are sorted by (json_pointer, code, claim_id, details); per code at most
 * `max_issues` of the pinned policy are kept, the first ones in that order, and `extensions.orgo.found` counts them all, as `stats` does.
 * A batch over the limits of the contract profile gets that one finding and no other.
 */
export function judge(facts: ValidationFacts, terms: JudgeTerms): ValidationReport {
  const { profile, max_issues } = facts.context.value.validation;
  const limited = [...limitRule.check(facts)];
  const rules = limited.length > 0 ? [limitRule] : validationRules;
  const found: ReportExtension['found'] = [];
  const issues: Issue[] = [];
  for (const rule of rules) {
    const all = sorted([...rule.check(facts)].map((finding) => issueOf(rule, finding, profile)));
    if (all.length === 0) continue;
    const kept = all.slice(0, max_issues);
    found.push({ code: rule.code, severity: rule.severity[column[profile]], found: all.length, kept: kept.length });
    for (const issue of kept) issues.push(issue);
  }
  return reportOf(facts, terms, sorted(issues), found);
}

function issueOf(rule: Rule, { location, details }: Finding, profile: ValidationProfile): Issue {
  return {
    severity: rule.severity[column[profile]],
    code: rule.code,
    message: rule.message,
    location,
    rule: { rule_id: `orgo.${rule.code.slice('KRS_V3_'.length).toLowerCase()}`, rule_version: rule.version, profile },
    ...(details === undefined ? {} : { details }),
  };
}

/** The one order of issues. Keys are made once per issue: a batch may have many. */
function sorted(issues: readonly Issue[]): Issue[] {
  const keyed = issues.map((issue) => ({
    issue,
    keys: [
      issue.location?.json_pointer ?? '',
      issue.code,
      issue.location?.claim_id ?? '',
      canonical([issue.details ?? {}, issue.location ?? {}]),
    ],
  }));
  keyed.sort((a, b) => {
    const i = a.keys.findIndex((key, at) => key !== b.keys[at]);
    return i < 0 ? 0 : compareText(a.keys[i] as string, b.keys[i] as string);
  });
  return keyed.map(({ issue }) => issue);
}

function reportOf(
  facts: ValidationFacts,
  terms: JudgeTerms,
  issues: Issue[],
  found: ReportExtension['found'],
): ValidationReport {
  const { validation, contract_profile, canonicalization, resources, mandate } = facts.context.value;
  const count = (severity: Issue['severity']) =>
    found.reduce((sum, row) => sum + (row.severity === severity ? row.found : 0), 0);
  const extension: Omit<ReportExtension, 'report_core_hash'> = {
    inputs: [...terms.inputs],
    resources: [resources.entities, resources.properties, ...(resources.hints ? [resources.hints] : [])].map(
      ({ kind, ref }) => ({ kind, ref }),
    ),
    profile: validation.profile,
    ruleset: rulesetId(),
    max_issues_per_code: validation.max_issues,
    found: [...found].sort((a, b) => compareText(a.code, b.code)),
    judged: {
      documents: facts.documents.length,
      claims: facts.documents.reduce((sum, document) => sum + document.claims.length, 0),
    },
  };
  const report: ValidationReport = {
    schema_version: '3.0',
    validation_status: statusOf(issues),
    issues,
    created_at: terms.asOf,
    profiles: [nativeValidationProfile, `${validation.profile}@${validation.profile_version}`],
    tooling: {
      validator_name: referenceTools.validate.name,
      validator_version: referenceTools.validate.version,
      canonicalization_profile: canonicalization.profile,
      canonicalization_version: canonicalization.version,
    },
    inputs: { source_snapshot_id: facts.snapshots.ref, recipe_id: mandate.bundle_id },
    stats: { error_count: count('ERROR'), warning_count: count('WARNING'), info_count: count('INFO') },
    limits: { iteration_cap: contract_profile.limits.max_claims },
    extensions: { orgo: extension },
  };
  const bound = { ...report, extensions: { orgo: { ...extension, report_core_hash: reportCoreHash(report) } } };
  return { ...bound, report_id: reportId(bound) };
}
