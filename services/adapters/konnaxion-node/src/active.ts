import { type Result, refuse } from '@orgo/core';
import { type PackPage, queryPack } from '@orgo/kristal';
import type { NodeState } from './domain/state.ts';
import { placesIn, readConfig, readState } from './folder.ts';
import { openPackFolder } from './pack-folder.ts';

/** What a node runs: its identity and state, read from its folder, without the network. @throws NodeError NODE_NOT_FOUND, HOME_UNREADABLE */
export async function readNode(dir: string): Promise<{ tenant_id: string; instance_id: string; state: NodeState }> {
  const config = await readConfig(dir);
  return { tenant_id: config.tenant_id, instance_id: config.instance_id, state: await readState(dir, config.channel) };
}

/** Answers a query from the active pack, after verifying every byte of it. Refuses with `PACK_NOT_ACTIVE` and as the pack reader does. */
export async function queryActive(dir: string, query: unknown): Promise<Result<PackPage>> {
  const { state } = await readNode(dir);
  if (!state.active) return refuse('PACK_NOT_ACTIVE', 'nothing was activated yet');
  const opened = await openPackFolder(placesIn(dir).pack(state.active.pack_id), state.active.pack_id);
  return opened.ok ? queryPack(opened.value.pack, query) : opened;
}
