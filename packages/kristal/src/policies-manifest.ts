import { z } from 'zod';
import type { PackCapabilities } from './pack-capabilities.ts';
import { PackPolicySchema, type PortablePolicy, portablePolicy } from './policies.ts';

const note = z.string().max(500).optional();

/** `policies` of a Runtime Pack manifest. `notes` members are outside the pack id. */
export const ManifestPoliciesSchema = z.strictObject({
  data_ordering: z.strictObject({
    policy: z.enum(['qid_pid_statement_id_asc', 'lexicographic_sop_asc', 'none']),
    notes: note,
  }),
  row_grouping: z.strictObject({
    policy: z.enum(['fixed_rows_100k', 'fixed_rows_1m', 'fixed_bytes_128mb']),
    notes: note,
  }),
  membership_filter: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none'), notes: note }),
    z.strictObject({
      kind: z.literal('bloom'),
      seed: z.int(),
      bits_per_key: z.number(),
      hash_functions: z.int().optional(),
      notes: note,
    }),
    z.strictObject({
      kind: z.literal('cuckoo'),
      seed: z.int(),
      fingerprint_bits: z.int().min(4),
      load_factor: z.number().min(0.01).max(0.99),
      notes: note,
    }),
    z.strictObject({
      kind: z.enum(['xor8', 'xor16']),
      seed: z.int(),
      bits: z.union([z.literal(8), z.literal(16)]),
      notes: note,
    }),
  ]),
  bitmap: z.strictObject({
    format: z.enum(['roaring', 'roaring_run_optimized']),
    run_optimize: z.boolean().optional(),
    notes: note,
  }),
  parquet: z
    .strictObject({
      compression: z.enum(['zstd', 'snappy', 'gzip', 'none']),
      dictionary_encoding: z.boolean(),
      statistics: z.enum(['none', 'page', 'rowgroup']),
      bloom_filters: z
        .strictObject({ enabled: z.boolean(), fpp: z.number().optional(), columns: z.array(z.string()).optional() })
        .optional(),
      notes: note,
    })
    .optional(),
});
export type ManifestPolicies = z.infer<typeof ManifestPoliciesSchema>;

const roaring = (optimized: boolean) => (optimized ? ('roaring_run_optimized' as const) : ('roaring' as const));

/**
 * Writes a policy as the manifest of a Runtime Pack spells it. That vocabulary has no word for key space, join cap and paging: they stand in
 * the pack's `query/capabilities.json`. What it could only write with loss is no portable policy.
 */
export function manifestPoliciesOf({ membership_filter, bitmap }: PortablePolicy): ManifestPolicies {
  return {
    data_ordering: {
      policy: 'qid_pid_statement_id_asc',
      notes: 'ids by number; rows by subject, property, object, statement id',
    },
    row_grouping: { policy: 'fixed_rows_100k' },
    membership_filter:
      membership_filter.kind === 'xor8' ? { kind: 'xor8', seed: membership_filter.seed, bits: 8 } : { kind: 'none' },
    bitmap: {
      format: roaring(bitmap.run_optimize),
      run_optimize: bitmap.run_optimize,
      ...(bitmap.shipped ? {} : { notes: 'no bitmap_index file in this pack; see indexes in query/capabilities.json' }),
    },
    parquet: {
      compression: 'none',
      dictionary_encoding: true,
      statistics: 'rowgroup',
      bloom_filters: { enabled: false },
    },
  };
}

/**
 * Reads the policy of a pack from its manifest and capabilities: what one leaves open the other says, and where both speak they must agree.
 * Undefined where they contradict each other or name something that no pack of ours is compiled with.
 */
export function packPolicyOf(policies: ManifestPolicies, capabilities: PackCapabilities): PortablePolicy | undefined {
  const { membership_filter: told, join1, paging_mode, indexes, row_group_rows } = capabilities;
  const filter = told.kind === 'none' ? { kind: 'none' } : { kind: 'xor8', seed: told.seed, key_space: told.key_space };
  const read = PackPolicySchema.safeParse({
    ordering: capabilities.ordering_policy.code,
    row_group: { kind: 'fixed_rows', rows: row_group_rows },
    membership_filter: filter,
    bitmap: {
      format: 'roaring',
      run_optimize: policies.bitmap.format === 'roaring_run_optimized',
      shipped: indexes.length > 0,
    },
    join1: { cap: join1.cap, on_exceed: join1.on_exceed },
    paging: paging_mode,
  });
  const portable = read.success ? portablePolicy(read.data) : undefined;
  if (!portable?.ok) return undefined;
  const policy = portable.value;
  const runs = indexes.every(({ format }) => format.endsWith('+runs') === policy.bitmap.run_optimize);
  return runs && sameDecisions(manifestPoliciesOf(policy), policies) ? policy : undefined;
}

function sameDecisions(a: ManifestPolicies, b: ManifestPolicies): boolean {
  const { parquet: x, ...ours } = a;
  const { parquet: y, ...theirs } = b;
  const bare = (policies: object) =>
    JSON.stringify(policies, (name, value) => (name === 'notes' ? undefined : sorted(value)));
  return bare(ours) === bare(theirs) && (y === undefined || bare(x as object) === bare(y));
}

const sorted = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
