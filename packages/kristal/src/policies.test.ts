import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExchangeManifestSchema } from './exchange-manifest.ts';
import { type PackCapabilities, packContractId } from './pack-capabilities.ts';
import { packBitmapPaths } from './pack-tables.ts';
import {
  defaultPackPolicy,
  type PackPolicy,
  PackPolicySchema,
  type PortablePolicy,
  policyProblems,
  portablePolicy,
} from './policies.ts';
import { exchangePoliciesOf, readExchangePolicies } from './policies-exchange.ts';
import { ManifestPoliciesSchema, manifestPoliciesOf, packPolicyOf } from './policies-manifest.ts';
import { policySelectionsOf, readPolicySelections } from './policies-selections.ts';

const refused = { ok: false, code: 'PACK_POLICY_UNSUPPORTED' };

describe('portablePolicy', () => {
  it('takes the default policy', () => {
    expect(PackPolicySchema.parse(defaultPackPolicy)).toEqual(defaultPackPolicy);
    expect(policyProblems(defaultPackPolicy)).toEqual([]);
  });

  const cases: [Partial<PackPolicy>, string][] = [
    [{ ordering: 'SOP' }, 'ordering'],
    [{ row_group: { kind: 'fixed_rows', rows: 1000 } }, 'row_group'],
    [{ row_group: { kind: 'fixed_bytes', bytes: 1 } }, 'row_group'],
    [{ membership_filter: { kind: 'bloom', seed: 1, bits_per_key: 8 } }, 'membership_filter'],
    [{ membership_filter: { kind: 'cuckoo', seed: 1, fingerprint_bits: 8 } }, 'membership_filter'],
    [{ membership_filter: { kind: 'binary_fuse', seed: 1, key_space: 'claim_id' } }, 'membership_filter'],
    [{ join1: { cap: 1, on_exceed: 'truncate' } }, 'join1'],
    [{ paging: 'OFFSET' }, 'paging'],
  ];
  it.each(cases)('refuses %j: some vocabulary would lose it', (change, part) => {
    const policy = { ...defaultPackPolicy, ...change };
    expect(policyProblems(policy)).toMatchObject([{ part, why: 'not-portable' }]);
    expect(portablePolicy(policy)).toMatchObject(refused);
  });
});

const capabilities = ({ bitmap, membership_filter: filter, join1 }: PortablePolicy): PackCapabilities => ({
  contract_id: packContractId,
  query_contract_version: '1.0',
  shapes: ['triple-pattern'],
  projections: ['full'],
  ordering_policy: {
    code: 'SPO',
    keys: ['s', 'p', 'o', 'statement_id'],
    ids: 'numeric',
    objects: 'items by number, then literals by canonical JSON text',
    manifest_policy: 'qid_pid_statement_id_asc',
  },
  paging_mode: 'CURSOR',
  page_limit_default: 100,
  page_limit_max: 1000,
  join1: { supported: false, ...join1 },
  cardinality_estimates: bitmap.shipped,
  row_group_rows: 100_000,
  object_space: { entities: 0, literals: 0 },
  indexes: bitmap.shipped
    ? [{ path: packBitmapPaths.p, on: ['p'], format: bitmap.run_optimize ? 'orgo.bitmaps/1+runs' : 'orgo.bitmaps/1' }]
    : [],
  membership_filter: filter.kind === 'none' ? filter : { ...filter, path: 'f', format: 'orgo.xor8/1' },
  tables: [],
  error_codes: [],
});

const seed = fc.integer({ min: 0, max: 4_000_000_000 });
const policies: fc.Arbitrary<PortablePolicy> = fc.record({
  ordering: fc.constant('SPO' as const),
  row_group: fc.constant({ kind: 'fixed_rows' as const, rows: 100_000 }),
  membership_filter: fc.oneof(
    fc.constant({ kind: 'none' as const }),
    fc.record({
      kind: fc.constant('xor8' as const),
      seed,
      key_space: fc.constantFrom('claim_id' as const, 'spo_hash' as const),
    }),
  ),
  bitmap: fc.constantFrom([true, true], [true, false], [false, true]).map(([shipped, run_optimize]) => ({
    format: 'roaring' as const,
    run_optimize: run_optimize as boolean,
    shipped: shipped as boolean,
  })),
  join1: fc.record({ cap: fc.integer({ min: 1, max: 1e6 }), on_exceed: fc.constant('error' as const) }),
  paging: fc.constant('CURSOR' as const),
});

describe('each vocabulary', () => {
  it('says every portable policy, and is read back as the same one', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const manifest = manifestPoliciesOf(policy);
        expect(ManifestPoliciesSchema.parse(manifest)).toEqual(manifest);
        expect(packPolicyOf(manifest, capabilities(policy))).toEqual(policy);
        const exchange = exchangePoliciesOf(policy);
        expect(ExchangeManifestSchema.shape.policies.parse(exchange)).toEqual(exchange);
        expect(readExchangePolicies(exchange)).toEqual({ ok: true, value: policy });
        expect(readPolicySelections(policySelectionsOf(policy))).toEqual({ ok: true, value: policy });
      }),
    );
  });

  it('names the default as the Kristal documents do', () => {
    expect(manifestPoliciesOf(defaultPackPolicy)).toMatchObject({
      data_ordering: { policy: 'qid_pid_statement_id_asc' },
      row_grouping: { policy: 'fixed_rows_100k' },
      membership_filter: { kind: 'xor8', seed: 0, bits: 8 },
      bitmap: { format: 'roaring_run_optimized', run_optimize: true },
    });
    expect(exchangePoliciesOf(defaultPackPolicy)).toEqual({
      ordering_policies: ['SPO'],
      row_group_policy: { type: 'FIXED_ROWS', rows: 100_000 },
      membership_filter_policy: {
        family: 'xor',
        key_space: 'spo_hash',
        seed: 0,
        target_fpr: 0.004,
        bits_per_key: 9.84,
      },
      bitmap_policy: { format: 'roaring', run_opt: true },
      join1_cap_policy: { cap: 5000, strict_mode: true, on_exceed: 'error' },
    });
    expect(policySelectionsOf(defaultPackPolicy)).toMatchObject({
      version: 'v3.0',
      row_groups: { policy: 'FIXED_ROWS', n: 100_000 },
      membership_filters: { policy: 'XOR_FILTER', key_spaces: ['SPO_KEY'] },
      bitmaps: { policy: 'ROARING', run_optimization: 'ENABLED' },
      query_limits: { join1_cap: { default: 5000, mode: 'STRICT' }, paging: 'CURSOR' },
    });
  });
});

describe('a reader refuses what is not portable', () => {
  const exchange = exchangePoliciesOf(defaultPackPolicy);
  const filter = exchange.membership_filter_policy;
  it.each<[string, object]>([
    ['another order', { ordering_policies: ['POS'] }],
    ['two orders', { ordering_policies: ['SPO', 'POS'] }],
    ['adaptive row groups', { row_group_policy: { type: 'ADAPTIVE', target_rows: 1, target_bytes: 1 } }],
    ['a binary fuse filter', { membership_filter_policy: { ...filter, family: 'binary_fuse', variant: '3wise' } }],
    ['a key space of its own', { membership_filter_policy: { ...filter, key_space: 'custom' } }],
    ['a filter without a seed', { membership_filter_policy: { ...filter, seed: undefined } }],
    ['a filter of another size', { membership_filter_policy: { ...filter, bits_per_key: 20 } }],
    ['a cap that truncates', { join1_cap_policy: { cap: 5, strict_mode: false, on_exceed: 'truncate' } }],
    ['a cap that contradicts itself', { join1_cap_policy: { cap: 5, strict_mode: false, on_exceed: 'error' } }],
    ['an unknown member', { guess: 1 }],
  ])('of an Exchange manifest: %s', (_what, change) => {
    expect(readExchangePolicies({ ...exchange, ...change })).toMatchObject(refused);
  });

  const selections = policySelectionsOf(defaultPackPolicy);
  it.each<[string, object]>([
    ['another version', { version: 'v3.1' }],
    ['a paging of offsets', { query_limits: { ...selections.query_limits, paging: 'OFFSET' } }],
    [
      'several key spaces',
      { membership_filters: { ...selections.membership_filters, key_spaces: ['SPO_KEY', 'CLAIM_ID'] } },
    ],
    ['bloom filters in Parquet', { parquet_bloom_filters: 'ENABLED' }],
  ])('of policy selections: %s', (_what, change) => {
    expect(readPolicySelections({ ...selections, ...change })).toMatchObject(refused);
  });

  const manifest = manifestPoliciesOf(defaultPackPolicy);
  it.each<[string, object]>([
    ['another filter', { membership_filter: { kind: 'none' } }],
    ['another seed', { membership_filter: { kind: 'xor8', seed: 1, bits: 8 } }],
    ['another order', { data_ordering: { policy: 'lexicographic_sop_asc' } }],
    ['other row groups', { row_grouping: { policy: 'fixed_rows_1m' } }],
    ['bitmaps without runs', { bitmap: { format: 'roaring', run_optimize: false } }],
    ['compressed tables', { parquet: { ...manifest.parquet, compression: 'zstd' } }],
  ])('of a pack manifest that its capabilities contradict: %s', (_what, change) => {
    const policies = ManifestPoliciesSchema.parse({ ...manifest, ...change });
    expect(packPolicyOf(policies, capabilities(defaultPackPolicy))).toBeUndefined();
  });
});
