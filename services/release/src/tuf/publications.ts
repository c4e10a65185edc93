import type { Digest } from '@orgo/contracts';
import type { Queryable, Tx } from '@orgo/store/db';
import type { ChannelHead, Publication } from './metadata.ts';

/** What is to be published; its place in the tenant's and the channel's order is given by `allocate`. */
export type Wanted = {
  tenant_id: string;
  release_id: string;
  channel: string;
  kristal_id: Digest;
  pack_id: string;
  manifest: { ref: Digest; size: number };
};

type Row = {
  publication: string;
  channel: string;
  release_seq: string;
  release_id: string;
  kristal_id: string;
  pack_id: string;
  manifest_ref: string;
  manifest_size: string;
  published_at: string;
};

const time = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const columnsOf = (of: string): string =>
  `${['publication', 'channel', 'release_seq', 'release_id', 'kristal_id', 'pack_id', 'manifest_ref', 'manifest_size'].map((name) => `${of}.${name}`).join(', ')}, ${time(`${of}.published_at`)} AS published_at`;
const columns = columnsOf('channel_release');

const publicationOf = (row: Row): Publication => ({
  publication: Number(row.publication),
  published_at: row.published_at,
  target: {
    release_id: row.release_id,
    release_seq: Number(row.release_seq),
    channel: row.channel,
    pack_id: row.pack_id,
    kristal_id: row.kristal_id,
  },
  manifest_ref: row.manifest_ref as Digest,
  manifest_size: Number(row.manifest_size),
});

/** Lets one writer at a time number and write the channels of a tenant, until its transaction ends. */
export async function lockChannels(tx: Tx, tenant: string): Promise<void> {
  const text = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';
  await tx.query({ name: 'channels_lock', text }, [`orgo.channels.${tenant}`]);
}

const insert = `INSERT INTO channel_release (tenant_id, publication, channel, release_seq, release_id, kristal_id, pack_id,
  manifest_ref, manifest_size, published_at)
SELECT $1, 1 + coalesce((SELECT max(publication) FROM channel_release WHERE tenant_id = $1), 0), $2,
  1 + coalesce((SELECT max(release_seq) FROM channel_release WHERE tenant_id = $1 AND channel = $2), 0),
  $3, $4, $5, $6, $7, date_trunc('milliseconds', clock_timestamp())
RETURNING ${columns}`;

/**
 * The release's publication: numbered now, or as it was numbered before. Numbers have no gaps and are given under the tenant's lock, so
 * that a version of the metadata stands for one content.
 */
export async function allocate(tx: Tx, wanted: Wanted): Promise<Publication> {
  const { tenant_id, release_id, channel, kristal_id, pack_id, manifest } = wanted;
  await lockChannels(tx, tenant_id);
  const known = await tx.query<Row>(
    {
      name: 'publication_find',
      text: `SELECT ${columns} FROM channel_release WHERE tenant_id = $1 AND release_id = $2`,
    },
    [tenant_id, release_id],
  );
  const values = [tenant_id, channel, release_id, kristal_id, pack_id, manifest.ref, manifest.size];
  const rows =
    known.rows.length > 0 ? known.rows : (await tx.query<Row>({ name: 'publication_add', text: insert }, values)).rows;
  return publicationOf(rows[0] as Row);
}

const headsText = `SELECT ${columnsOf('last')}, first.publication AS first_publication, ${time('first.published_at')} AS first_published_at
FROM (SELECT min(publication) AS first, max(publication) AS last FROM channel_release WHERE tenant_id = $1 GROUP BY channel) c
JOIN channel_release first ON first.tenant_id = $1 AND first.publication = c.first
JOIN channel_release last ON last.tenant_id = $1 AND last.publication = c.last
ORDER BY c.first`;

/** Every channel of a tenant as it stands, in the order in which they came to be; empty before the first publication. */
export async function channelHeads(db: Queryable, tenant: string): Promise<ChannelHead[]> {
  const { rows } = await db.query<Row & { first_publication: string; first_published_at: string }>(
    { name: 'channel_heads', text: headsText },
    [tenant],
  );
  return rows.map((row) => ({
    channel: row.channel,
    first: { publication: Number(row.first_publication), published_at: row.first_published_at },
    last: publicationOf(row),
  }));
}

/** Manifest of a pack that some channel of the tenant names or has named; null for any other pack. */
export async function publishedManifest(db: Queryable, tenant: string, pack_id: string): Promise<Digest | null> {
  const text = 'SELECT manifest_ref FROM channel_release WHERE tenant_id = $1 AND pack_id = $2 LIMIT 1';
  const { rows } = await db.query<{ manifest_ref: Digest }>({ name: 'published_manifest', text }, [tenant, pack_id]);
  return rows[0]?.manifest_ref ?? null;
}

/** When the tenant's channel root was made, which is now where there was none. Every writer gets the same time. */
export async function rootCreatedAt(db: Queryable, tenant: string): Promise<string> {
  const text = `WITH made AS (INSERT INTO channel_root (tenant_id, created_at)
    VALUES ($1, date_trunc('milliseconds', clock_timestamp())) ON CONFLICT (tenant_id) DO NOTHING RETURNING created_at)
    SELECT ${time('created_at')} AS at FROM made UNION ALL SELECT ${time('created_at')} FROM channel_root WHERE tenant_id = $1`;
  const asked = await db.query<{ at: string }>({ name: 'channel_root', text }, [tenant]);
  // Neither: another writer committed between the insert and the read.
  return asked.rows[0]?.at ?? rootCreatedAt(db, tenant);
}
