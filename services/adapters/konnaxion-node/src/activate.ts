import type { ChannelTarget } from '@orgo/contracts';
import { ok, type Result, refuse } from '@orgo/core';
import { checkPackIndexes, type Pack, queryPack } from '@orgo/kristal';
import { judgeTarget } from './domain/judge.ts';
import type { NodeState } from './domain/state.ts';
import { placesIn } from './folder.ts';
import { messageOf } from './node-error.ts';
import { openPackFolder } from './pack-folder.ts';

/**
 * Everything between a fetched pack and the switch, in the contract's order: every byte, the query contract, the channel rules, smoke
 * queries, the indexes held against the tables (RO-01, RO-02). Answers the opened pack; the caller switches the pointer.
 */
export async function prepare(dir: string, state: NodeState, target: ChannelTarget): Promise<Result<Pack>> {
  const opened = await openPackFolder(placesIn(dir).pack(target.pack_id), target.pack_id);
  if (!opened.ok) return opened;
  const allowed = judgeTarget(state, target);
  if (!allowed.ok) return allowed;
  if (opened.value.pack.exchangeId !== target.kristal_id)
    return refuse(
      'MANIFEST_ID_MISMATCH',
      `made from ${opened.value.pack.exchangeId}, the channel says ${target.kristal_id}`,
    );
  const smoke = await smokeTest(opened.value.pack);
  if (!smoke.ok) return smoke;
  const indexes = await checkPackIndexes(opened.value.pack).catch((error) => refuse('SMOKE_FAILED', messageOf(error)));
  return indexes.ok ? ok(opened.value.pack) : indexes;
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
