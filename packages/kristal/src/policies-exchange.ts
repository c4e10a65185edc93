import { type Result, refuse } from '@orgo/core';
import { z } from 'zod';
import { type PortablePolicy, portablePolicy } from './policies.ts';

/** `policies` of an Exchange manifest. Members that say nothing stay out: it has no word for "no filter" and "no bitmaps". */
export const ExchangePoliciesSchema = z.strictObject({
  ordering_policies: z.array(z.enum(['SPO', 'SOP', 'PSO', 'POS', 'OSP', 'OPS'])).optional(),
  row_group_policy: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('FIXED_ROWS'), rows: z.int().min(1) }),
      z.strictObject({ type: z.literal('FIXED_BYTES'), bytes: z.int().min(1) }),
      z.strictObject({ type: z.literal('ADAPTIVE'), target_rows: z.int().min(1), target_bytes: z.int().min(1) }),
    ])
    .optional(),
  membership_filter_policy: z
    .strictObject({
      family: z.enum(['binary_fuse', 'xor']),
      variant: z.enum(['3wise', '4wise']).optional(),
      key_space: z.enum(['claim_id', 'spo_hash', 'entity_id', 'custom']),
      target_fpr: z.number().optional(),
      bits_per_key: z.number().optional(),
      seed: z.int().optional(),
    })
    .optional(),
  bitmap_policy: z.strictObject({ format: z.literal('roaring'), run_opt: z.boolean() }).optional(),
  join1_cap_policy: z
    .strictObject({ cap: z.int().min(1), strict_mode: z.boolean(), on_exceed: z.enum(['error', 'truncate']) })
    .optional(),
});
export type ExchangePolicies = z.infer<typeof ExchangePoliciesSchema>;

/** False positives of an xor filter with 8-bit fingerprints are 1 in 256; its size is 1.23 fingerprints per key. */
const xor8Figures = { target_fpr: 0.004, bits_per_key: 9.84 };

/** Writes a policy as an Exchange manifest spells it. What it could only write with loss is no portable policy. */
export function exchangePoliciesOf(policy: PortablePolicy): ExchangePolicies {
  const { ordering, row_group, membership_filter: filter, bitmap, join1 } = policy;
  return {
    ordering_policies: [ordering],
    row_group_policy: { type: 'FIXED_ROWS', rows: row_group.rows },
    ...(filter.kind === 'none'
      ? {}
      : {
          membership_filter_policy: { family: 'xor', key_space: filter.key_space, seed: filter.seed, ...xor8Figures },
        }),
    ...(bitmap.shipped ? { bitmap_policy: { format: 'roaring', run_opt: bitmap.run_optimize } } : {}),
    join1_cap_policy: { cap: join1.cap, strict_mode: true, on_exceed: join1.on_exceed },
  };
}

/**
 * Reads the policies of an Exchange manifest. Whoever leaves bitmaps out ships none; paging is by cursor, because nothing else is offered.
 * Refuses with `PACK_POLICY_UNSUPPORTED` what no portable policy says.
 */
export function readExchangePolicies(input: unknown): Result<PortablePolicy> {
  const parsed = ExchangePoliciesSchema.safeParse(input);
  if (!parsed.success) return unsupported('not the policies of an Exchange manifest');
  const {
    ordering_policies,
    row_group_policy,
    membership_filter_policy: filter,
    bitmap_policy,
    join1_cap_policy: join1,
  } = parsed.data;
  const [ordering, ...others] = ordering_policies ?? [];
  if (ordering === undefined || others.length > 0) return unsupported('not one ordering');
  if (row_group_policy?.type !== 'FIXED_ROWS') return unsupported('row groups that are not fixed rows');
  if (filter && (filter.family !== 'xor' || filter.variant || filter.seed === undefined))
    return unsupported('the filter');
  if (filter && filter.key_space !== 'claim_id' && filter.key_space !== 'spo_hash') return unsupported('the key space');
  if (filter && (filter.target_fpr !== xor8Figures.target_fpr || filter.bits_per_key !== xor8Figures.bits_per_key))
    return unsupported('a filter of another size');
  if (!join1 || join1.strict_mode !== (join1.on_exceed === 'error')) return unsupported('the join cap');
  return portablePolicy({
    ordering,
    row_group: { kind: 'fixed_rows', rows: row_group_policy.rows },
    membership_filter: filter
      ? { kind: 'xor8', seed: filter.seed as number, key_space: filter.key_space as 'claim_id' | 'spo_hash' }
      : { kind: 'none' },
    bitmap: { format: 'roaring', run_optimize: bitmap_policy?.run_opt ?? true, shipped: bitmap_policy !== undefined },
    join1: { cap: join1.cap, on_exceed: join1.on_exceed },
    paging: 'CURSOR',
  });
}

const unsupported = (what: string) => refuse('PACK_POLICY_UNSUPPORTED', `Exchange manifest: ${what}`);
