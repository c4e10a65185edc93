import type { Finding, MandateFact, MandatePolicyFact } from './facts.ts';

/** Policies in force at each of these times: from `effective_from` on, before `effective_to`. */
export const inForce = (policies: readonly MandatePolicyFact[], ...times: readonly string[]): MandatePolicyFact[] =>
  policies.filter(({ effective_from, effective_to }) =>
    times.every(
      (at) => (effective_from === null || effective_from <= at) && (effective_to === null || at < effective_to),
    ),
  );

/** Why a mandate counts for nothing: none of its policies is in force at each of these times. Empty where one is. */
export const notEffective = (
  { bundle_id, policies }: Extract<MandateFact, { ok: true }>,
  ...times: readonly string[]
): Finding[] =>
  inForce(policies, ...times).length > 0
    ? []
    : [{ code: 'MANDATE_NOT_EFFECTIVE', detail: `no policy of ${bundle_id} is in force at ${times.join(' and ')}` }];

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
