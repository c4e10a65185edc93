import { z } from 'zod';
import { PackKeySpaceSchema } from './policies.ts';

/** The query contract that a pack of ours declares in its manifest, and whose details stand in `query/capabilities.json`. */
export const packContractId = 'orgo.triple-pattern@1';
export const packPageLimit = { default: 100, max: 1000 } as const;

const index = z.strictObject({
  path: z.string(),
  on: z.tuple([z.enum(['p', 'o'])]),
  format: z.enum(['orgo.bitmaps/1', 'orgo.bitmaps/1+runs']),
});
const filter = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('xor8'),
    path: z.string(),
    format: z.literal('orgo.xor8/1'),
    key_space: PackKeySpaceSchema,
    /** The policy's seed; the file says under which one, from this on, it was filled. */
    seed: z.int().min(0),
  }),
]);

/**
 * What a pack can be asked, as a hashed file of the pack. It is the honest word where the closed manifest has no room or forces one:
 * `indexes` is empty and `membership_filter` is `none` where the pack ships neither. With bitmaps a page says how many rows match.
 */
export const PackCapabilitiesSchema = z.strictObject({
  contract_id: z.literal(packContractId),
  query_contract_version: z.literal('1.0'),
  shapes: z.tuple([z.literal('triple-pattern')]),
  projections: z.tuple([z.literal('full')]),
  ordering_policy: z.strictObject({
    code: z.literal('SPO'),
    keys: z.tuple([z.literal('s'), z.literal('p'), z.literal('o'), z.literal('statement_id')]),
    ids: z.literal('numeric'),
    objects: z.literal('items by number, then literals by canonical JSON text'),
    manifest_policy: z.literal('qid_pid_statement_id_asc'),
  }),
  paging_mode: z.literal('CURSOR'),
  page_limit_default: z.int().min(1),
  page_limit_max: z.int().min(1),
  join1: z.strictObject({ supported: z.literal(false), cap: z.int().min(1), on_exceed: z.literal('error') }),
  cardinality_estimates: z.boolean(),
  row_group_rows: z.int().min(1),
  object_space: z.strictObject({ entities: z.int().min(0), literals: z.int().min(0) }),
  indexes: z.array(index),
  membership_filter: filter,
  tables: z.array(
    z.strictObject({
      name: z.string(),
      path: z.string(),
      rows: z.int().min(0),
      columns: z.array(z.strictObject({ name: z.string(), type: z.enum(['INT32', 'STRING']) })),
      sort: z.array(z.string()),
    }),
  ),
  error_codes: z.array(z.string()),
});
export type PackCapabilities = z.infer<typeof PackCapabilitiesSchema>;

/** The refusals of the query contract. */
export const packErrorCodes = [
  'CONTRACT_UNSUPPORTED',
  'PACK_CURSOR_INVALID',
  'PACK_FEATURE_UNSUPPORTED',
  'PACK_PAGE_TOO_LARGE',
  'PACK_QUERY_INVALID',
] as const;
