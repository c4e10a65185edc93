import { digestOf, type JsonValue } from '@orgo/core';

/** A policy of a mandate bundle, with the members this package fills in. */
export type MandatePolicy = {
  policy_id: string;
  version: string;
  name: string;
  enforcement: 'MUST';
  effective_from: string;
  rules: { rule_id: string; type: string; severity: 'ERROR'; description: string }[];
  parameters: Record<string, JsonValue>;
  applies_to: { stages: string[] };
};

/** A mandate bundle of the public kOA contract (`urn:koa:schema:mandate-bundle:1.0.0`), unsigned. */
export type MandateBundle = {
  schema_version: string;
  kind: 'mandate_bundle';
  bundle_id: string;
  created_at: string;
  issuer: { organization_id: string; issuer_id: string };
  mandate: {
    mandate_id: string;
    name: string;
    description: string;
    objectives: string[];
    constraints: string[];
    scope: { domains: string[]; locales: string[] };
  };
  policies: MandatePolicy[];
};

/** The day the default mandates come into force. */
const from = '2026-01-01T00:00:00.000Z';

/** What differs between the profiles. `allow_partial` is an explicit word: without it unresolved content stops a build. */
const validation: Readonly<Record<'grounded' | 'strict', { allow_partial: boolean; confidence_min_bp: number }>> = {
  grounded: { allow_partial: true, confidence_min_bp: 5000 },
  strict: { allow_partial: false, confidence_min_bp: 7000 },
};

const policy = (
  id: string,
  name: string,
  stages: string[],
  rule: { type: string; description: string },
  parameters: Record<string, JsonValue>,
): MandatePolicy => ({
  policy_id: id,
  version: '1.0.0',
  name,
  enforcement: 'MUST' as const,
  effective_from: from,
  rules: [{ rule_id: `${id}.1`, type: rule.type, severity: 'ERROR' as const, description: rule.description }],
  parameters,
  applies_to: { stages },
});

/**
 * A default mandate. `bundle_id` is `mandate:` and the digest of everything else but signatures, so that the same mandate has the same id
 * everywhere; whoever issues it signs it.
 */
export function mandateBundle(profile: 'grounded' | 'strict'): MandateBundle {
  const content = {
    schema_version: '1.0.0',
    kind: 'mandate_bundle' as const,
    created_at: from,
    issuer: { organization_id: 'orgo', issuer_id: 'default-mandate' },
    mandate: {
      mandate_id: `orgo.default.${profile}`,
      name: `Default mandate, ${profile} profile`,
      description: 'What a build may do where nobody said more.',
      objectives: ['Publish only what rests on evidence'],
      constraints: ['No live sources', 'No compile without a passed validation'],
      scope: { domains: ['general'], locales: ['en', 'fr'] },
    },
    policies: [
      policy(
        'orgo.validation',
        'Validation gate',
        ['validate'],
        {
          type: 'validation_gate',
          description: 'A build compiles only when its report passes under the pinned profile.',
        },
        { profile, profile_version: '1', max_issues: 1000, ...validation[profile] },
      ),
      policy(
        'orgo.ingest',
        'Documents that cannot be read',
        ['ingest'],
        { type: 'ingest_intake', description: 'A document that cannot be read stops the build.' },
        { on_poison: 'stop', access_class: 'public' },
      ),
      policy(
        'orgo.resolution',
        'Resolution thresholds',
        ['resolve'],
        { type: 'resolution_thresholds', description: 'A mention is resolved only when the ladder allows it.' },
        {
          ruleset_id: 'orgo.resolution-ladder@1',
          resolved_min_bp: 8500,
          gap_min_bp: 500,
          unresolved_below_bp: 4000,
          popularity_high_bp: 9000,
          context_low_bp: 2000,
          top_k_entity: 20,
          top_k_property: 10,
        },
      ),
    ],
  };
  return { ...content, bundle_id: `mandate:${digestOf(content)}` };
}

/** The default mandates by profile. */
export const mandates = { grounded: mandateBundle('grounded'), strict: mandateBundle('strict') } as const;
