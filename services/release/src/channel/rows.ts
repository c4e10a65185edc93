import type { ChannelStatus } from '@orgo/contracts';
import type { PageOf } from '@orgo/runtime/http-asked';
import type { Queryable } from '@orgo/store/db';
import { type ChannelNode, type ChannelState, channelView, type NodeState } from '../domain/index.ts';
import { readChannel } from './heads.ts';

const nodesText = `SELECT id, enrollment, state FROM node WHERE tenant_id = $1 AND channel = $2 AND phase = 'ENROLLED' ORDER BY id`;

/** Every node that follows a channel, as its row was last committed. */
export async function channelNodes(db: Queryable, tenant: string, channel: string): Promise<ChannelNode[]> {
  type Row = { id: string; enrollment: string | null; state: NodeState };
  const { rows } = await db.query<Row>({ name: 'channel_nodes', text: nodesText }, [tenant, channel]);
  return rows.map(({ id, enrollment, state: { identity, said, drifted } }) => ({
    instance_id: id,
    enrollment: enrollment === null ? Number.MAX_SAFE_INTEGER : Number(enrollment),
    labels: identity?.labels ?? {},
    active_pack_id: said?.active_pack_id ?? null,
    reported: said !== null,
    drifted: drifted ?? false,
  }));
}

/** A channel as the API shows it; null for one that nobody has offered anything to or changed. */
export async function channelStatus(db: Queryable, tenant: string, channel: string): Promise<ChannelStatus | null> {
  const state = await readChannel(db, tenant, channel);
  return state === null ? null : channelView(state, await channelNodes(db, tenant, channel));
}

const listText = `SELECT state FROM channel WHERE tenant_id = $1 AND ($2::text IS NULL OR id > $2) ORDER BY id LIMIT $3`;

/** Channels by name. */
export async function listChannels(
  db: Queryable,
  tenant: string,
  { cursor, limit }: PageOf,
): Promise<{ items: ChannelStatus[]; next_cursor: string | null }> {
  const { rows } = await db.query<{ state: ChannelState }>({ name: 'channel_list', text: listText }, [
    tenant,
    cursor,
    limit + 1,
  ]);
  const items: ChannelStatus[] = [];
  for (const { state } of rows.slice(0, limit)) {
    const shown = channelView(state, await channelNodes(db, tenant, state.channel));
    if (shown !== null) items.push(shown);
  }
  return { items, next_cursor: rows.length > limit ? (rows[limit - 1]?.state.channel ?? null) : null };
}

const useText = `SELECT count(*) FILTER (WHERE state -> 'said' ->> 'active_pack_id' = ANY($3)) AS "from",
count(*) FILTER (WHERE state -> 'said' ->> 'active_pack_id' = $4) AS "to"
FROM node WHERE tenant_id = $1 AND channel = $2 AND phase = 'ENROLLED'`;

/** How many nodes of a channel run one of the packs that it left, and how many the one that it went to. */
export async function countRunning(
  db: Queryable,
  tenant: string,
  channel: string,
  packs: { from: string[]; to: string },
): Promise<{ from: number; to: number }> {
  const values = [tenant, channel, packs.from, packs.to];
  const { rows } = await db.query<{ from: string; to: string }>({ name: 'channel_use', text: useText }, values);
  return { from: Number(rows[0]?.from ?? 0), to: Number(rows[0]?.to ?? 0) };
}

const runningText = `SELECT id FROM node WHERE tenant_id = $1 AND channel = $2 AND phase = 'ENROLLED'
AND state -> 'said' ->> 'active_pack_id' = $3 ORDER BY id LIMIT 1`;

/** A node of a channel that runs a pack, by its last sealed report; null where none does. */
export async function nodeRunning(
  db: Queryable,
  tenant: string,
  channel: string,
  packId: string,
): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>({ name: 'channel_running', text: runningText }, [
    tenant,
    channel,
    packId,
  ]);
  return rows[0]?.id ?? null;
}
