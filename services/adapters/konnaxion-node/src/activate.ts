import { performance } from 'node:perf_hooks';
import type { NodeMetric, Offer } from '@orgo/contracts';
import { ok, type Result, refuse } from '@orgo/core';
import { checkPackIndexes, type Pack, queryPack } from '@orgo/kristal';
import { placesIn } from './folder.ts';
import { messageOf } from './node-error.ts';
import { openPackFolder } from './pack-folder.ts';

/**
 * Everything between a fetched pack and the switch, in the contract's order: every byte, ids, the query contract, the channel's rules, smoke
 * queries, the indexes held against the tables (RO-01, RO-02). Answers the opened pack; the caller switches the pointer.
 * @param rules the channel's rules, asked when the bytes are known to be the pack's
 * @param smoked told how long the smoke queries took, where they were asked
 */
export async function prepare(
  dir: string,
  offer: Offer,
  rules: () => Result<true>,
  smoked: (ms: number) => void = () => undefined,
): Promise<Result<Pack>> {
  const opened = await openPackFolder(placesIn(dir).pack(offer.pack_id), offer.pack_id);
  if (!opened.ok) return opened;
  const { pack } = opened.value;
  if (pack.exchangeId !== offer.kristal_id)
    return refuse('MANIFEST_ID_MISMATCH', `made from ${pack.exchangeId}, the channel says ${offer.kristal_id}`);
  const allowed = rules();
  if (!allowed.ok) return allowed;
  const from = performance.now();
  const smoke = await smokeTest(pack);
  smoked(performance.now() - from);
  if (!smoke.ok) return smoke;
  const indexes = await checkPackIndexes(pack).catch((error) => refuse('SMOKE_FAILED', messageOf(error)));
  return indexes.ok ? ok(pack) : indexes;
}

/** Asks the pack for its first rows, and again for the first of them by subject: a pack that cannot answer is not activated. */
export const smokeTest = (pack: Pack): Promise<Result<true>> =>
  // Tables are read as they are asked for: one that is wrong inside throws only now.
  ask(pack).catch((error) => refuse('SMOKE_FAILED', messageOf(error)));

async function ask(pack: Pack): Promise<Result<true>> {
  const all = await queryPack(pack, { limit: 1 });
  if (!all.ok) return refuse('SMOKE_FAILED', `${all.code}: ${all.detail}`);
  const first = all.value.results[0];
  if (!first)
    return pack.tables.triples.rows === 0 ? ok(true) : refuse('SMOKE_FAILED', 'the pack has rows and answers none');
  const again = await queryPack(pack, { s: first.subject.id, limit: 1 });
  if (!again.ok) return refuse('SMOKE_FAILED', `${again.code}: ${again.detail}`);
  return again.value.results[0]?.statement_id === first.statement_id
    ? ok(true)
    : refuse('SMOKE_FAILED', 'a bound query gives another first row');
}

/** What smoke queries of a pack came to, as metrics of a report. */
export const smokeMetrics = (failed: boolean, ms: number): NodeMetric[] => [
  { name: 'smoke_failures', value: failed ? 1 : 0, samples: 1 },
  { name: 'smoke_ms', value: Math.round(ms), samples: 1 },
];

/** Reads a pack back where it lies and asks it: how the node knows that it is well. */
export async function examine(dir: string, packId: string): Promise<{ ok: boolean; metrics: NodeMetric[] }> {
  const opened = await openPackFolder(placesIn(dir).pack(packId), packId).catch((error) =>
    refuse('FILE_MISSING', messageOf(error)),
  );
  const from = performance.now();
  const smoke = opened.ok ? await smokeTest(opened.value.pack) : opened;
  return { ok: smoke.ok, metrics: smokeMetrics(!smoke.ok, performance.now() - from) };
}
