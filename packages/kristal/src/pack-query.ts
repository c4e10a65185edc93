import { digestOf, ok, type Result, refuse } from '@orgo/core';
import { z } from 'zod';
import { issueText } from './exchange.ts';
import { readCursor, writeCursor } from './pack-cursor.ts';
import { itemText, spoKey } from './pack-filter.ts';
import { entityId, literalId, type Pack, propertyId } from './pack-open.ts';
import { type MatchedRow, type PackResult, rowResults } from './pack-results.ts';
import { type Bound, countRows, matchRows, planRows } from './pack-scan.ts';
import { canonicalValue, DataValueSchema, PidSchema, QidSchema } from './statement.ts';

/**
 * One triple pattern. Unbound members stay out. `o` is an item id or a typed value, compared exactly.
 * `languages` chooses labels, in order of preference; it changes no row, so it is outside the query hash.
 */
export const PackQuerySchema = z.strictObject({
  s: QidSchema.optional(),
  p: PidSchema.optional(),
  o: z.union([QidSchema, DataValueSchema]).optional(),
  limit: z.int().min(1).optional(),
  cursor: z.string().max(1024).optional(),
  languages: z.array(z.string().min(1).max(35)).max(8).optional(),
  /** The contract that the asker means, and what it has words for; what this pack does not offer is refused by its own code. */
  contract: z.string().max(100).optional(),
  projection: z.string().max(100).optional(),
  offset: z.int().min(0).optional(),
  join1: z.json().optional(),
});
export type PackQuery = z.infer<typeof PackQuerySchema>;

/**
 * A page of results, in row order. `next_cursor` is null on the last page. `cardinality`, on every page of a pack that declares it, is the
 * number of rows that match.
 */
export type PackPage = {
  runtime_pack_id: string;
  query_hash: string;
  page_size: number;
  results: PackResult[];
  next_cursor: string | null;
  page_info: { returned: number; has_more: boolean };
  cardinality?: { kind: 'exact'; value: number };
};

/**
 * Answers a triple pattern, in the recorded order of the pack, page by page; nothing is truncated silently.
 * Refuses with `PACK_QUERY_INVALID`, `CONTRACT_UNSUPPORTED`, `PACK_FEATURE_UNSUPPORTED`, `PACK_PAGE_TOO_LARGE` or `PACK_CURSOR_INVALID`.
 * @param input a query, not trusted; a value of `undefined` is the same as an absent member
 */
export async function queryPack(pack: Pack, input: unknown): Promise<Result<PackPage>> {
  const parsed = PackQuerySchema.safeParse(input);
  if (!parsed.success) return refuse('PACK_QUERY_INVALID', issueText(parsed.error));
  const query = parsed.data;
  const offered = checkOffered(pack, query);
  if (!offered.ok) return offered;
  const { page_limit_default, page_limit_max, cardinality_estimates } = pack.capabilities;
  const limit = query.limit ?? page_limit_default;
  if (limit > page_limit_max) return refuse('PACK_PAGE_TOO_LARGE', `${limit} rows, at most ${page_limit_max}`);

  const queryHash = packQueryHash(query, limit);
  const cursor = query.cursor === undefined ? ok({ next_row: 0 }) : readCursor(query.cursor, pack.packId, queryHash);
  if (!cursor.ok) return cursor;

  const bound = maybeThere(pack, query) ? await bind(pack, query) : undefined;
  const plan = bound && (await planRows(pack.tables.triples, pack.indexes, bound));
  const rows = plan ? await matchRows(plan, cursor.value.next_row, limit + 1) : [];
  const page = rows.slice(0, limit);
  const next = rows[limit] as MatchedRow | undefined;
  return ok({
    runtime_pack_id: pack.packId,
    query_hash: queryHash,
    page_size: limit,
    results: await rowResults(pack, page, query.languages ?? ['en']),
    next_cursor: next ? writeCursor({ pack: pack.packId, query_hash: queryHash, next_row: next.row }) : null,
    page_info: { returned: page.length, has_more: next !== undefined },
    ...(cardinality_estimates ? { cardinality: { kind: 'exact', value: (plan && countRows(plan)) ?? 0 } } : {}),
  });
}

function checkOffered({ capabilities }: Pack, { contract, projection, offset, join1 }: PackQuery): Result<true> {
  if (contract !== undefined && contract !== capabilities.contract_id)
    return refuse('CONTRACT_UNSUPPORTED', `asked by ${contract}, the pack answers ${capabilities.contract_id}`);
  if (projection !== undefined && !(capabilities.projections as readonly string[]).includes(projection))
    return refuse(
      'PACK_FEATURE_UNSUPPORTED',
      `projection ${projection}; offered: ${capabilities.projections.join(', ')}`,
    );
  if (offset !== undefined)
    return refuse('PACK_FEATURE_UNSUPPORTED', `paging by offset; offered: ${capabilities.paging_mode}`);
  if (join1 !== undefined) return refuse('PACK_FEATURE_UNSUPPORTED', 'join1; offered: one triple pattern');
  return ok(true);
}

/** False where the filter knows that a wholly bound triple is not in the pack. A yes is looked up: it may be a false one. */
function maybeThere({ indexes: { filter } }: Pack, { s, p, o }: PackQuery): boolean {
  if (filter?.space !== 'spo_hash' || s === undefined || p === undefined || o === undefined) return true;
  return filter.has(spoKey(s, p, typeof o === 'string' ? itemText(o) : canonicalValue(o)));
}

/** `sha256:` over pattern, page size and ordering; the cursor never enters. */
export function packQueryHash(query: Pick<PackQuery, 's' | 'p' | 'o'>, pageSize: number): string {
  const { s, p, o } = query;
  const pattern = {
    ...(s === undefined ? {} : { s }),
    ...(p === undefined ? {} : { p }),
    ...(o === undefined ? {} : { o: typeof o === 'string' ? { type: 'item', value: { qid: o } } : o }),
  };
  return digestOf({ query: pattern, page_size: pageSize, ordering: 'SPO' });
}

/** The dictionary ids of the bound terms, or undefined where the pack does not know one of them: then nothing matches. */
async function bind(pack: Pack, { s, p, o }: PackQuery): Promise<Bound | undefined> {
  const bound: Bound = {};
  if (s !== undefined) {
    const id = await entityId(pack, s);
    if (id === undefined) return undefined;
    bound.s = id;
  }
  if (p !== undefined) {
    const id = await propertyId(pack, p);
    if (id === undefined) return undefined;
    bound.p = id;
  }
  if (o !== undefined) {
    const qid = typeof o === 'string' ? o : o.type === 'item' ? o.value.qid : undefined;
    const id = qid === undefined ? await literalId(pack, canonicalValue(o as never)) : await entityId(pack, qid);
    if (id === undefined) return undefined;
    bound.o = id;
  }
  return bound;
}
