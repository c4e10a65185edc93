import type { ChannelIndex, Digest } from '@orgo/contracts';
import type { Queryable } from '@orgo/store/db';
import { type ChannelState, channelIndexOf, type StoredFile } from '../domain/index.ts';

/** A channel as it stands: what its files are written from, and from nothing else. Times are the database's. */
export type ChannelHead = {
  channel: string;
  index: ChannelIndex;
  /** By release: the gatekeeper's sealed authorization of it. */
  authorizations: Readonly<Record<string, StoredFile>>;
  /** When the channel came to be, and when its index last changed. */
  opened_at: string;
  changed_at: string;
};

const headsText = `SELECT state FROM channel WHERE tenant_id = $1 ORDER BY state ->> 'opened_at', id`;

/** Every channel of a tenant that has said something, in the order in which they came to be. */
export async function channelHeads(db: Queryable, tenant: string): Promise<ChannelHead[]> {
  const { rows } = await db.query<{ state: ChannelState }>({ name: 'channel_heads', text: headsText }, [tenant]);
  return rows.flatMap(({ state }) => {
    const { channel, authorizations = {}, opened_at, changed_at } = state;
    const index = channelIndexOf(state);
    return index === null ? [] : [{ channel, index, authorizations, opened_at, changed_at }];
  });
}

/** A channel's row as it was last committed; null for one that nobody has offered anything to. */
export async function readChannel(db: Queryable, tenant: string, channel: string): Promise<ChannelState | null> {
  const text = 'SELECT state FROM channel WHERE tenant_id = $1 AND id = $2';
  const { rows } = await db.query<{ state: ChannelState }>({ name: 'channel_read', text }, [tenant, channel]);
  return rows[0]?.state ?? null;
}

/** Manifest of a pack that some channel of the tenant offers or has offered; null for any other pack. */
export async function publishedManifest(db: Queryable, tenant: string, pack_id: string): Promise<Digest | null> {
  const text = `SELECT o ->> 'manifest' AS manifest FROM channel, jsonb_array_elements(state -> 'offers') o
WHERE tenant_id = $1 AND state -> 'offers' @> jsonb_build_array(jsonb_build_object('pack_id', $2::text)) AND o ->> 'pack_id' = $2 LIMIT 1`;
  const { rows } = await db.query<{ manifest: Digest }>({ name: 'published_manifest', text }, [tenant, pack_id]);
  return rows[0]?.manifest ?? null;
}
