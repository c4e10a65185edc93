import type { Finding, MandatePolicyFact } from './facts.ts';

/** Policies in force at a time: from `effective_from` on, before `effective_to`. */
export const inForce = (policies: readonly MandatePolicyFact[], asOf: string): MandatePolicyFact[] =>
  policies.filter(
    ({ effective_from, effective_to }) =>
      (effective_from === null || effective_from <= asOf) && (effective_to === null || asOf < effective_to),
  );

/** True when a policy in force says that builds must pass a validation gate. */
export const demandsValidation = (policies: readonly MandatePolicyFact[]): boolean =>
  policies.some(
    (policy) => policy.enforcement === 'MUST' && policy.rules.some((rule) => rule.type === 'validation_gate'),
  );

/**
 * Why a channel may not be released to. Every policy in force that lists channels must list this one; where none does, all are allowed.
 */
export function channelFindings(policies: readonly MandatePolicyFact[], channel: string): Finding[] {
  return policies.flatMap((policy) =>
    policy.rules
      .filter((rule) => rule.type === 'channel_allowlist' && !(rule.channels ?? []).includes(channel))
      .map(() => ({
        code: 'CHANNEL_NOT_ALLOWED',
        detail: `${policy.policy_id}@${policy.version} does not list ${channel}`,
      })),
  );
}
