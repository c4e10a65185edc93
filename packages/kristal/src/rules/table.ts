import { digestHex, digestOf } from '@orgo/core';
import { bijectionRules } from './bijection.ts';
import { bindingRules } from './binding.ts';
import { classRules } from './classes.ts';
import { confidenceRules } from './confidence.ts';
import { consistencyRules } from './consistency.ts';
import { evidenceRules } from './evidence.ts';
import { limitRule } from './limits.ts';
import { marginRules } from './margins.ts';
import { passedOverRules } from './passed-over.ts';
import { resolutionRules } from './resolution.ts';
import type { Rule } from './rule.ts';
import { schemaRules } from './schema.ts';
import { valueRules } from './values.ts';

/** Every validation rule of this repository. A code stands once; a change of what it finds or how severe it is changes its version. */
export const validationRules: readonly Rule[] = [
  limitRule,
  ...schemaRules,
  ...bindingRules,
  ...bijectionRules,
  ...evidenceRules,
  ...confidenceRules,
  ...resolutionRules,
  ...marginRules,
  ...valueRules,
  ...classRules,
  ...consistencyRules,
  ...passedOverRules,
];

/** The profile that a report of these rules carries, as the contract profile requires it. */
export const nativeValidationProfile = 'orgo.native-validation@1';

/** Names the rule set by its content: codes, versions and severities. */
export function rulesetId(): string {
  const rows = validationRules.map(({ code, version, severity }) => ({ code, version, severity: [...severity] }));
  return `orgo-rules-${digestHex(digestOf(rows)).slice(0, 16)}`;
}
