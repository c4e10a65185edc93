import { expect, it } from 'vitest';
import { type MandateBundle, MandateBundleSchema, mandateBundleId } from './context-mandate.ts';
import { ContractProfileSchema, contractProfiles, kristalV3Profile, profileDigest } from './profile.ts';

const bundle: MandateBundle = {
  schema_version: '1.0.0',
  kind: 'mandate_bundle',
  bundle_id: 'mandate:unsigned',
  created_at: '2026-01-01T00:00:00Z',
  issuer: { organization_id: 'o', issuer_id: 'i' },
  mandate: { mandate_id: 'm', name: 'm' },
  policies: [
    {
      policy_id: 'p',
      version: '1',
      name: 'p',
      enforcement: 'MUST',
      rules: [{ rule_id: 'r', type: 'validation_gate' }],
    },
  ],
};

it('gives a mandate an id that signing does not change and any other word does', () => {
  const id = mandateBundleId(bundle);
  const signatures = [{ key_id: 'k', alg: 'ed25519', signature: 's' }];
  expect(mandateBundleId({ ...bundle, bundle_id: id, signatures })).toBe(id);
  expect(mandateBundleId({ ...bundle, mandate: { ...bundle.mandate, name: 'n' } })).not.toBe(id);
});

it('takes a mandate as the public contract closes it', () => {
  expect(MandateBundleSchema.parse(bundle)).toEqual(bundle);
  expect(MandateBundleSchema.safeParse({ ...bundle, tenant: 'x' }).success).toBe(false);
  expect(MandateBundleSchema.safeParse({ ...bundle, policies: [] }).success).toBe(false);
});

it('pins the contract profile by content', () => {
  expect(ContractProfileSchema.parse(kristalV3Profile)).toEqual(kristalV3Profile);
  expect(contractProfiles['kristal-v3.0-orgo.1']).toBe(kristalV3Profile);
  expect(profileDigest({ ...kristalV3Profile, legacy_level: 1 })).not.toBe(profileDigest(kristalV3Profile));
});
