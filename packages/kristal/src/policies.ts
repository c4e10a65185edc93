import { ok, type Result, refuse } from '@orgo/core';
import { z } from 'zod';

/** What the keys of a membership filter are made of: the statement id, or subject, property and object together. */
export const PackKeySpaceSchema = z.enum(['claim_id', 'spo_hash']);
export type PackKeySpace = z.infer<typeof PackKeySpaceSchema>;

const seed = z.int().min(0).max(4_000_000_000);

/**
 * The policies of a Runtime Pack in one internal form. The Kristal documents know three vocabularies for them; a codec for each writes a
 * portable policy, and `portablePolicy` refuses what one of them could only carry with loss.
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
    /** `seed` is the first that is tried; the file records the one that was taken. */
    z.strictObject({ kind: z.literal('xor8'), seed, key_space: PackKeySpaceSchema }),
    z.strictObject({ kind: z.literal('binary_fuse'), seed, key_space: PackKeySpaceSchema }),
    z.strictObject({ kind: z.literal('bloom'), seed, bits_per_key: z.number().min(1) }),
    z.strictObject({ kind: z.literal('cuckoo'), seed, fingerprint_bits: z.int().min(4) }),
  ]),
  /** `shipped` false means that the pack carries no bitmap file; the format is then only the one a later pack would use. */
  bitmap: z.strictObject({ format: z.literal('roaring'), run_optimize: z.boolean(), shipped: z.boolean() }),
  join1: z.strictObject({ cap: z.int().min(1), on_exceed: z.enum(['error', 'truncate']) }),
  paging: z.enum(['CURSOR', 'OFFSET']),
});
export type PackPolicy = z.infer<typeof PackPolicySchema>;

/** What a pack is compiled with when its mandate pins nothing else. The filter is over triples: that is what a pack is asked. */
export const defaultPackPolicy: PortablePolicy = {
  ordering: 'SPO',
  row_group: { kind: 'fixed_rows', rows: 100_000 },
  membership_filter: { kind: 'xor8', seed: 0, key_space: 'spo_hash' },
  bitmap: { format: 'roaring', run_optimize: true, shipped: true },
  join1: { cap: 5000, on_exceed: 'error' },
  paging: 'CURSOR',
};

/** A policy of which every vocabulary can say every part. */
export type PortablePolicy = PackPolicy & {
  ordering: 'SPO';
  row_group: { kind: 'fixed_rows'; rows: number };
  membership_filter: Extract<PackPolicy['membership_filter'], { kind: 'none' | 'xor8' }>;
  join1: { cap: number; on_exceed: 'error' };
  paging: 'CURSOR';
};

/** A part of a policy that some vocabulary cannot carry without loss. */
export type PolicyProblem = { part: keyof PackPolicy; value: string; why: 'not-portable' };

const portable: { [K in keyof PackPolicy]: (policy: PackPolicy[K]) => boolean } = {
  ordering: (o) => o === 'SPO',
  row_group: (g) => g.kind === 'fixed_rows' && g.rows === 100_000,
  membership_filter: (f) => f.kind === 'none' || f.kind === 'xor8',
  bitmap: () => true,
  join1: (j) => j.on_exceed === 'error',
  paging: (p) => p === 'CURSOR',
};

/**
 * What in a policy lies outside the set that every Kristal vocabulary can express, in the order of its parts. Empty means that a pack can be
 * compiled with it.
 */
export function policyProblems(policy: PackPolicy): PolicyProblem[] {
  const parts = Object.keys(portable) as (keyof PackPolicy)[];
  const carries = (part: keyof PackPolicy) => (portable[part] as (value: unknown) => boolean)(policy[part]);
  return parts
    .filter((part) => !carries(part))
    .map((part) => ({ part, value: nameOf(policy[part]), why: 'not-portable' }));
}

/** The policy, if every vocabulary can carry it. Refuses with `PACK_POLICY_UNSUPPORTED`. */
export function portablePolicy(policy: PackPolicy): Result<PortablePolicy> {
  const [problem] = policyProblems(policy);
  return problem
    ? refuse('PACK_POLICY_UNSUPPORTED', `${problem.part} ${problem.value}: not every Kristal vocabulary can say it`)
    : ok(policy as PortablePolicy);
}

function nameOf(value: PackPolicy[keyof PackPolicy]): string {
  if (typeof value === 'string') return value;
  if ('kind' in value) return value.kind;
  return 'format' in value ? value.format : value.on_exceed;
}
