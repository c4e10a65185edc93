import { randomBytes } from 'node:crypto';
import type { Db } from '@orgo/store/db';
import { type FaultPoints, noFaults } from '@orgo/store/fault-points';

/**
 * Nonces that nodes put into their reports. A nonce is public; it makes a captured report useless later. The gatekeeper's own table decides
 * whether one was used; this one says which were given and until when.
 */
export type Nonces = {
  /** A fresh nonce for the node. Under a flood the newest one that is still good, so that asking takes no nonce from the node. */
  mint(tenant: string, instance: string): Promise<string>;
  /**
   * Binds a nonce to the one report it is for; false when it was never given, is over, another report took it, or a report under a younger nonce was
   * taken before: whoever holds a report back cannot have the node speak of the past. Again for the same report is true.
   */
  take(tenant: string, instance: string, nonce: string, report: string): Promise<boolean>;
};

/** Nonces of a node that are good at a time. */
const maxLive = 16;

const mintText = `WITH gone AS (DELETE FROM nonce WHERE tenant_id = $1 AND instance_id = $2 AND expires_at <= clock_timestamp()),
live AS (SELECT nonce, expires_at, used_by FROM nonce WHERE tenant_id = $1 AND instance_id = $2 AND expires_at > clock_timestamp()),
made AS (INSERT INTO nonce (tenant_id, instance_id, nonce, expires_at)
  SELECT $1, $2, $3, clock_timestamp() + $4::float8 * interval '1 millisecond' WHERE (SELECT count(*) FROM live) < ${maxLive} RETURNING nonce)
SELECT nonce FROM made UNION ALL
(SELECT nonce FROM live WHERE used_by IS NULL AND NOT EXISTS (SELECT FROM made) ORDER BY expires_at DESC LIMIT 1)`;

// A nonce that ends later was given later.
const takeText = `UPDATE nonce AS own SET used_by = $4 WHERE tenant_id = $1 AND instance_id = $2 AND nonce = $3
AND expires_at > clock_timestamp() AND (used_by = $4 OR used_by IS NULL AND NOT EXISTS (SELECT FROM nonce AS younger
  WHERE younger.tenant_id = $1 AND younger.instance_id = $2 AND younger.used_by IS NOT NULL AND younger.expires_at > own.expires_at))`;

/** @param ttlMs how long a nonce is good, by the database's clock */
export function createNonces(db: Db, ttlMs: number, faults: FaultPoints = noFaults): Nonces {
  return {
    async mint(tenant, instance) {
      const fresh = randomBytes(32).toString('hex');
      const values = [tenant, instance, fresh, ttlMs];
      const { rows } = await db.query<{ nonce: string }>({ name: 'nonce_mint', text: mintText }, values);
      // Every live one is taken: the node reports faster than they expire, and one more does no harm.
      return rows[0]?.nonce ?? mintAnyway(db, values);
    },
    async take(tenant, instance, nonce, report) {
      await faults.at('release.beforeNonce');
      const { rowCount } = await db.query({ name: 'nonce_take', text: takeText }, [tenant, instance, nonce, report]);
      // crash: if we die here the nonce is bound to this report and the same report may be sent again
      await faults.at('release.nonceTaken');
      return rowCount === 1;
    },
  };
}

const mintAnyway = async (db: Db, values: readonly unknown[]): Promise<string> => {
  const text = `INSERT INTO nonce (tenant_id, instance_id, nonce, expires_at)
VALUES ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 millisecond') RETURNING nonce`;
  return (await db.query<{ nonce: string }>({ name: 'nonce_add', text }, values)).rows[0]?.nonce ?? '';
};
