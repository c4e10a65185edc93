import fs from 'node:fs/promises';
import path from 'node:path';
import { hex64Schema } from '@orgo/contracts';
import { keptPacks, withoutPacks } from './domain/retention.ts';
import type { NodeState } from './domain/state.ts';
import { placesIn } from './folder.ts';
import type { NodeContext } from './node-context.ts';

/**
 * Removes packs that nobody may need any more (RO-12). The state forgets a pack before its folder goes, so that nothing is named that is not there.
 * A pack that cannot be removed now is removed after a later look.
 */
export async function sweepPacks(
  ctx: NodeContext,
  state: NodeState,
  keep: (ctx: NodeContext, state: NodeState) => Promise<NodeState>,
): Promise<NodeState> {
  const { packs, pack } = placesIn(ctx.dir);
  const stay = keptPacks(state, ctx.keep);
  const there = await fs.readdir(packs).catch(() => [] as string[]);
  const gone = there.filter((name) => hex64Schema.safeParse(name).success && !stay.has(name));
  if (gone.length === 0) return state;
  const after = await keep(ctx, withoutPacks(state, new Set(gone)));
  // crash: packs that are left over are found by the next look.
  for (const id of gone) await fs.rm(pack(id), { recursive: true, force: true });
  ctx.log('node.packs_removed', { packs: gone.map((id) => path.basename(id)) });
  return after;
}
