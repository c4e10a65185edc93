import type { Queryable, Tx } from '@orgo/store/db';

const time = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Lets one writer at a time write the files of a tenant, until its transaction ends. */
export async function lockChannels(tx: Tx, tenant: string): Promise<void> {
  const text = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';
  await tx.query({ name: 'channels_lock', text }, [`orgo.channels.${tenant}`]);
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
