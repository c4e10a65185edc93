import type { Digest } from '@orgo/contracts';
import { toHex } from '@orgo/core';
import type { Queryable, Tx } from '@orgo/store/db';

/** Signed metadata as it is kept: exactly the bytes that clients get. A signature is made once, so writing files again makes none. */
export type Kept = {
  /** `root`, `targets`, `snapshot`, `timestamp`, or a channel's own role. */
  role: string;
  version: number;
  /** Digest of what it says beside version and expiry, and of who signed it: what is the same needs no new version. */
  content: Digest;
  expires_at: string;
  /** From then on it is made anew, even if it says the same. */
  renew_at: string;
  bytes: Uint8Array;
};

const time = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;

/** Lets one writer at a time number, sign and write the files of a tenant, until its transaction ends. */
export async function lockChannels(tx: Tx, tenant: string): Promise<string> {
  const text = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';
  await tx.query({ name: 'channels_lock', text }, [`orgo.channels.${tenant}`]);
  const now = `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now`;
  const { rows } = await tx.query<{ now: string }>({ name: 'channels_now', text: now });
  return rows[0]?.now as string;
}

const keptText = `SELECT role, version, content, ${time('expires_at')}, ${time('renew_at')}, encode(bytes, 'hex') AS bytes
FROM tuf_metadata WHERE tenant_id = $1 ORDER BY role, version`;

/** All that a tenant's repository is made of: every version of the root, the newest of everything else. */
export async function keptMetadata(db: Queryable, tenant: string): Promise<Kept[]> {
  type Row = Omit<Kept, 'version' | 'bytes'> & { version: string; bytes: string };
  const { rows } = await db.query<Row>({ name: 'tuf_kept', text: keptText }, [tenant]);
  return rows.map((row) => ({
    ...row,
    version: Number(row.version),
    bytes: new Uint8Array(Buffer.from(row.bytes, 'hex')),
  }));
}

const keepText = `INSERT INTO tuf_metadata (tenant_id, role, version, content, expires_at, renew_at, bytes)
VALUES ($1, $2, $3::bigint, $4, $5::timestamptz, $6::timestamptz, decode($7, 'hex'))`;
const dropText = `DELETE FROM tuf_metadata WHERE tenant_id = $1 AND role = $2 AND version < $3::bigint`;

/** Keeps what was signed. Older versions go, but of roots, which clients take one by one. */
export async function keepMetadata(tx: Tx, tenant: string, made: readonly Kept[]): Promise<void> {
  for (const { role, version, content, expires_at, renew_at, bytes } of made) {
    const values = [tenant, role, `${version}`, content, expires_at, renew_at, toHex(bytes)];
    await tx.query({ name: 'tuf_keep', text: keepText }, values);
    if (role !== 'root') await tx.query({ name: 'tuf_drop', text: dropText }, [tenant, role, `${version}`]);
  }
}
