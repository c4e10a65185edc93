import type { JsonValue } from '@orgo/core';
import type { IssueLocation, Severity } from '../report.ts';
import type { ValidationFacts } from './facts.ts';

/** What a rule found at one place. `details` carries everything that differs between two findings, and nothing that depends on time. */
export type Finding = { location: IssueLocation; details?: Record<string, JsonValue> };

/** Severity in the profiles strict, grounded and exploratory. */
export type Severities = readonly [strict: Severity, grounded: Severity, exploratory: Severity];

/**
 * A validation rule. `check` is pure and looks at facts alone; it yields findings in any order, the report sorts them.
 * A change of what a rule finds is a new version.
 */
export type Rule = {
  code: `KRS_V3_${string}`;
  version: string;
  severity: Severities;
  /** The message of every finding of this rule. */
  message: string;
  check(facts: ValidationFacts): Iterable<Finding>;
};
