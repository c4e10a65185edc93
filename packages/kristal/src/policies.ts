import { z } from 'zod';

/**
 * The policies of a Runtime Pack in one internal form. The Kristal documents know three vocabularies for them; a codec per
 * artifact writes this form out and refuses what it cannot carry without loss.
 */
export const PackPolicySchema = z.strictObject({
  /** Row order: subject, property, object by number, then statement id. `none` is not offered: paging needs a total order. */
  ordering: z.enum(['SPO', 'SOP', 'PSO', 'POS', 'OSP', 'OPS']),
  row_group: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('fixed_rows'), rows: z.int().min(1) }),
    z.strictObject({ kind: z.literal('fixed_bytes'), bytes: z.int().min(1) }),
  ]),
  membership_filter: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('xor8'), seed: z.int().min(0), key_space: z.literal('claim_id') }),
    z.strictObject({ kind: z.literal('binary_fuse'), seed: z.int().min(0), key_space: z.literal('claim_id') }),
    z.strictObject({ kind: z.literal('bloom'), seed: z.int().min(0), bits_per_key: z.number().min(1) }),
    z.strictObject({ kind: z.literal('cuckoo'), seed: z.int().min(0), fingerprint_bits: z.int().min(4) }),
  ]),
  /** `shipped` false means that the pack carries no bitmap file; the format is then only the one a later pack would use. */
  bitmap: z.strictObject({ format: z.literal('roaring'), run_optimize: z.boolean(), shipped: z.boolean() }),
  join1: z.strictObject({ cap: z.int().min(1), on_exceed: z.enum(['error', 'truncate']) }),
  paging: z.enum(['CURSOR', 'OFFSET']),
});
export type PackPolicy = z.infer<typeof PackPolicySchema>;

/** What a pack is compiled with when its mandate pins nothing else. It carries no filter and no bitmaps, and says so. */
export const defaultPackPolicy: PackPolicy = {
  ordering: 'SPO',
  row_group: { kind: 'fixed_rows', rows: 100_000 },
  membership_filter: { kind: 'none' },
  bitmap: { format: 'roaring', run_optimize: false, shipped: false },
  join1: { cap: 5000, on_exceed: 'error' },
  paging: 'CURSOR',
};

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

/** A part of a policy that a vocabulary cannot carry, or that no pack can be compiled with. */
export type PolicyProblem = { part: keyof PackPolicy; value: string; why: 'not-portable' | 'not-built' };

const portable: { [K in keyof PackPolicy]: (policy: PackPolicy[K]) => boolean } = {
  ordering: (o) => o === 'SPO',
  row_group: (g) => g.kind === 'fixed_rows' && g.rows === 100_000,
  membership_filter: (f) => f.kind === 'none' || f.kind === 'xor8',
  bitmap: () => true,
  join1: (j) => j.on_exceed === 'error',
  paging: (p) => p === 'CURSOR',
};

const built: Partial<{ [K in keyof PackPolicy]: (policy: PackPolicy[K]) => boolean }> = {
  membership_filter: (f) => f.kind === 'none',
  bitmap: (b) => !b.shipped,
};

/**
 * What in a policy lies outside the set that every Kristal vocabulary can express (`not-portable`), or that this compiler does not
 * build (`not-built`). Empty means that a pack can be compiled with it. Listed in the order of the policy's parts.
 */
export function policyProblems(policy: PackPolicy): PolicyProblem[] {
  const parts = Object.keys(portable) as (keyof PackPolicy)[];
  const failing = (checks: typeof built, part: keyof PackPolicy) =>
    (checks[part] as ((value: unknown) => boolean) | undefined)?.(policy[part]) === false;
  return parts.flatMap((part): PolicyProblem[] => {
    const why = failing(portable, part) ? 'not-portable' : failing(built, part) ? 'not-built' : undefined;
    return why ? [{ part, value: nameOf(policy[part]), why }] : [];
  });
}

function nameOf(value: PackPolicy[keyof PackPolicy]): string {
  if (typeof value === 'string') return value;
  if ('kind' in value) return value.kind;
  return 'format' in value ? value.format : value.on_exceed;
}

/** Writes a portable policy as the manifest of a Runtime Pack spells it. Call `policyProblems` first: this one loses nothing only then. */
export function manifestPoliciesOf(policy: PackPolicy): ManifestPolicies {
  return {
    data_ordering: {
      policy: 'qid_pid_statement_id_asc',
      notes: 'ids by number; rows by subject, property, object, statement id',
    },
    row_grouping: { policy: 'fixed_rows_100k' },
    membership_filter:
      policy.membership_filter.kind === 'xor8'
        ? { kind: 'xor8', seed: policy.membership_filter.seed, bits: 8 }
        : { kind: 'none' },
    bitmap: {
      format: policy.bitmap.run_optimize ? 'roaring_run_optimized' : 'roaring',
      run_optimize: policy.bitmap.run_optimize,
      ...(policy.bitmap.shipped
        ? {}
        : { notes: 'no bitmap_index file in this pack; see indexes in query/capabilities.json' }),
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
 * Writes a portable policy as an Exchange manifest spells it. That vocabulary has no word for "no filter" and "no bitmaps": what the pack
 * does not ship is left out.
 */
export function exchangePoliciesOf(policy: PackPolicy) {
  return {
    ordering_policies: [policy.ordering],
    ...(policy.row_group.kind === 'fixed_rows'
      ? { row_group_policy: { type: 'FIXED_ROWS' as const, rows: policy.row_group.rows } }
      : {}),
    join1_cap_policy: {
      cap: policy.join1.cap,
      strict_mode: policy.join1.on_exceed === 'error',
      on_exceed: policy.join1.on_exceed,
    },
  };
}
