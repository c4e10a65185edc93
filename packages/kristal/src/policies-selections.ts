import { type Result, refuse } from '@orgo/core';
import { z } from 'zod';
import { type PortablePolicy, portablePolicy } from './policies.ts';

const keySpaces = { claim_id: 'CLAIM_ID', spo_hash: 'SPO_KEY' } as const;
const onOff = z.enum(['ENABLED', 'DISABLED']);

/**
 * `policy_selections`, the third vocabulary, of which Kristal has prose only: names and values are its own, how they nest is our reading. Closed to
 * what is portable, so a version, word or number beside it is refused and never guessed.
 */
export const PolicySelectionsSchema = z.strictObject({
  version: z.literal('v3.0'),
  ordering: z.strictObject({
    keys: z.literal('SPO'),
    tie_breakers: z.tuple([z.literal('statement_id'), z.literal('bytes')]),
  }),
  row_groups: z.strictObject({ policy: z.literal('FIXED_ROWS'), n: z.int().min(1) }),
  membership_filters: z.discriminatedUnion('policy', [
    z.strictObject({ policy: z.literal('NONE') }),
    z.strictObject({
      policy: z.literal('XOR_FILTER'),
      seed: z.int().min(0),
      bits_per_key: z.literal(9.84),
      target_false_positive_rate: z.literal(0.004),
      key_spaces: z.tuple([z.enum(['CLAIM_ID', 'SPO_KEY'])]),
    }),
  ]),
  /** Absent where a pack ships no bitmaps: the vocabulary has no word for none. */
  bitmaps: z.strictObject({ policy: z.literal('ROARING'), run_optimization: onOff }).optional(),
  query_limits: z.strictObject({
    join1_cap: z.strictObject({ default: z.int().min(1), mode: z.literal('STRICT') }),
    paging: z.literal('CURSOR'),
  }),
  parquet_bloom_filters: z.literal('DISABLED'),
});
export type PolicySelections = z.infer<typeof PolicySelectionsSchema>;

/** Writes a policy as `policy_selections`. What it could only write with loss is no portable policy. */
export function policySelectionsOf(policy: PortablePolicy): PolicySelections {
  const { ordering, row_group, membership_filter: filter, bitmap, join1, paging } = policy;
  return {
    version: 'v3.0',
    ordering: { keys: ordering, tie_breakers: ['statement_id', 'bytes'] },
    row_groups: { policy: 'FIXED_ROWS', n: row_group.rows },
    membership_filters:
      filter.kind === 'none'
        ? { policy: 'NONE' }
        : {
            policy: 'XOR_FILTER',
            seed: filter.seed,
            bits_per_key: 9.84,
            target_false_positive_rate: 0.004,
            key_spaces: [keySpaces[filter.key_space]],
          },
    ...(bitmap.shipped
      ? { bitmaps: { policy: 'ROARING', run_optimization: bitmap.run_optimize ? 'ENABLED' : 'DISABLED' } }
      : {}),
    query_limits: { join1_cap: { default: join1.cap, mode: 'STRICT' }, paging },
    parquet_bloom_filters: 'DISABLED',
  };
}

/** Reads `policy_selections`. Refuses with `PACK_POLICY_UNSUPPORTED`: an unknown version, word or number is not guessed. */
export function readPolicySelections(input: unknown): Result<PortablePolicy> {
  const parsed = PolicySelectionsSchema.safeParse(input);
  if (!parsed.success) return refuse('PACK_POLICY_UNSUPPORTED', 'no policy selections that are portable');
  const { ordering, row_groups, membership_filters: filter, bitmaps, query_limits } = parsed.data;
  return portablePolicy({
    ordering: ordering.keys,
    row_group: { kind: 'fixed_rows', rows: row_groups.n },
    membership_filter:
      filter.policy === 'NONE'
        ? { kind: 'none' }
        : { kind: 'xor8', seed: filter.seed, key_space: filter.key_spaces[0] === 'SPO_KEY' ? 'spo_hash' : 'claim_id' },
    bitmap: {
      format: 'roaring',
      run_optimize: bitmaps?.run_optimization !== 'DISABLED',
      shipped: bitmaps !== undefined,
    },
    join1: { cap: query_limits.join1_cap.default, on_exceed: 'error' },
    paging: query_limits.paging,
  });
}
