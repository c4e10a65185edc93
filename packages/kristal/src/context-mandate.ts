import { digestOf } from '@orgo/core';
import { z } from 'zod';
import { DateTimeSchema } from './claim-ir-values.ts';

/** Mandate Bundle of the public kOA contract (`urn:koa:schema:mandate-bundle:1.0.0`), closed as that contract is. */

const texts = z.array(z.string());
const json = z.record(z.string(), z.json());
const hash = z.strictObject({ alg: z.string(), value: z.string() });

export const MandateRuleSchema = z.strictObject({
  rule_id: z.string(),
  type: z.string(),
  severity: z.enum(['INFO', 'WARN', 'ERROR', 'FATAL']).optional(),
  description: z.string().optional(),
  config: json.optional(),
});

export const MandatePolicySchema = z.strictObject({
  policy_id: z.string().min(1),
  version: z.string().min(1),
  name: z.string(),
  description: z.string().optional(),
  enforcement: z.enum(['MUST', 'SHOULD', 'MAY']),
  effective_from: DateTimeSchema.optional(),
  effective_to: DateTimeSchema.optional(),
  policy_hash: hash.optional(),
  rules: z.array(MandateRuleSchema).min(1),
  parameters: json.optional(),
  applies_to: z
    .strictObject({
      stages: texts.optional(),
      artifacts: texts.optional(),
      components: texts.optional(),
    })
    .optional(),
});
export type MandatePolicy = z.infer<typeof MandatePolicySchema>;

export const MandateBundleSchema = z.strictObject({
  schema_version: z.string().regex(/^\d+\.\d+\.\d+$/),
  kind: z.literal('mandate_bundle'),
  bundle_id: z.string().min(1),
  created_at: DateTimeSchema,
  issuer: z.strictObject({
    organization_id: z.string(),
    issuer_id: z.string(),
    contact: z.string().optional(),
  }),
  mandate: z.strictObject({
    mandate_id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    objectives: texts.optional(),
    constraints: texts.optional(),
    scope: z
      .strictObject({
        domains: texts.optional(),
        locales: texts.optional(),
        audiences: texts.optional(),
      })
      .optional(),
  }),
  policies: z.array(MandatePolicySchema).min(1),
  content_hash: hash.optional(),
  signatures: z
    .array(
      z.strictObject({
        key_id: z.string(),
        alg: z.string(),
        signature: z.string(),
        signed_fields: texts.optional(),
      }),
    )
    .optional(),
  labels: texts.optional(),
  links: z
    .array(
      z.strictObject({
        rel: z.string(),
        href: z.string(),
        type: z.string().optional(),
      }),
    )
    .optional(),
});
export type MandateBundle = z.infer<typeof MandateBundleSchema>;

/** `mandate:` and the digest of the bundle without `bundle_id`, `content_hash` and `signatures`: signing changes no id. */
export function mandateBundleId(bundle: Omit<MandateBundle, 'bundle_id'> & { bundle_id?: string }): string {
  const { bundle_id: _id, content_hash: _hash, signatures: _signatures, ...content } = bundle;
  return `mandate:${digestOf(content)}`;
}
