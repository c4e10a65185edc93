import { describe, expect, it } from 'vitest';
import { ExchangeManifestSchema } from './exchange-manifest.ts';
import {
  defaultPackPolicy,
  exchangePoliciesOf,
  ManifestPoliciesSchema,
  manifestPoliciesOf,
  type PackPolicy,
  PackPolicySchema,
  policyProblems,
} from './policies.ts';

describe('policyProblems', () => {
  it('finds nothing in the default policy', () => {
    expect(PackPolicySchema.parse(defaultPackPolicy)).toEqual(defaultPackPolicy);
    expect(policyProblems(defaultPackPolicy)).toEqual([]);
  });

  const cases: [Partial<PackPolicy>, string, string][] = [
    [{ ordering: 'SOP' }, 'ordering', 'not-portable'],
    [{ row_group: { kind: 'fixed_rows', rows: 1000 } }, 'row_group', 'not-portable'],
    [{ row_group: { kind: 'fixed_bytes', bytes: 1 } }, 'row_group', 'not-portable'],
    [{ membership_filter: { kind: 'bloom', seed: 1, bits_per_key: 8 } }, 'membership_filter', 'not-portable'],
    [
      { membership_filter: { kind: 'binary_fuse', seed: 1, key_space: 'claim_id' } },
      'membership_filter',
      'not-portable',
    ],
    [{ membership_filter: { kind: 'xor8', seed: 1, key_space: 'claim_id' } }, 'membership_filter', 'not-built'],
    [{ bitmap: { format: 'roaring', run_optimize: true, shipped: true } }, 'bitmap', 'not-built'],
    [{ join1: { cap: 1, on_exceed: 'truncate' } }, 'join1', 'not-portable'],
    [{ paging: 'OFFSET' }, 'paging', 'not-portable'],
  ];
  it.each(cases)('%j: %s is %s', (change, part, why) => {
    expect(policyProblems({ ...defaultPackPolicy, ...change })).toMatchObject([{ part, why }]);
  });
});

describe('codecs', () => {
  it('write policies that their manifests accept', () => {
    expect(ManifestPoliciesSchema.parse(manifestPoliciesOf(defaultPackPolicy))).toEqual(
      manifestPoliciesOf(defaultPackPolicy),
    );
    const policies = ExchangeManifestSchema.shape.policies.parse(exchangePoliciesOf(defaultPackPolicy));
    expect(policies).toEqual({
      ordering_policies: ['SPO'],
      row_group_policy: { type: 'FIXED_ROWS', rows: 100_000 },
      join1_cap_policy: { cap: 5000, strict_mode: true, on_exceed: 'error' },
    });
  });

  it('write a filter with its seed once a policy has one', () => {
    const xor8 = { kind: 'xor8' as const, seed: 7, key_space: 'claim_id' as const };
    expect(manifestPoliciesOf({ ...defaultPackPolicy, membership_filter: xor8 }).membership_filter).toEqual({
      kind: 'xor8',
      seed: 7,
      bits: 8,
    });
  });
});
