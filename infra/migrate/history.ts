// Applies what is missing and records it in the table that Prisma's own engine uses, so that either can go on from there.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { InfraFailure } from '../failure.mjs';
import type { Migration, ServiceMigrations } from './migration-folder.ts';

// Column by column what Prisma's schema engine makes.
const HISTORY_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

interface Applied {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

/**
 * Brings one service's schema up to date. Each migration and its record are one transaction: a crash leaves both or
 * neither. The caller holds the lock that keeps other migrators out.
 * @throws InfraFailure
 */
export async function applyMissing(
  client: pg.Client,
  { service, migrations, grants }: ServiceMigrations,
): Promise<void> {
  await client.query(`SET search_path = "${service}"`);
  await client.query(HISTORY_TABLE);
  await client.query(`REVOKE ALL ON _prisma_migrations FROM "orgo_${service}"`);
  const { rows } = await client.query<Applied>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  for (const migration of missing(service, migrations, rows)) await apply(client, service, migration);
  if (grants !== undefined) await client.query(grants);
}

/** The migrations that are not recorded. A history that this code did not write is never guessed around. */
export function missing(
  service: string,
  migrations: readonly Migration[],
  applied: readonly Applied[],
): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of applied) {
    const at = `${service}/${row.migration_name}`;
    const migration = known.get(row.migration_name);
    if (!migration)
      throw new InfraFailure(
        'MIGRATION_HISTORY_MISMATCH',
        `${at} is in the database and not in this version. Use the version that made it.`,
      );
    if (row.finished_at === null)
      throw new InfraFailure(
        'MIGRATION_HISTORY_MISMATCH',
        `${at} was begun by another tool and not finished. See "prisma migrate resolve".`,
      );
    if (row.checksum !== migration.checksum)
      throw new InfraFailure('MIGRATION_HISTORY_MISMATCH', `${at} was edited after it was applied. Restore the file.`);
  }
  const done = new Set(applied.map((row) => row.migration_name));
  return migrations.filter((migration) => !done.has(migration.name));
}

async function apply(client: pg.Client, service: string, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<{ started: Date }>('SELECT clock_timestamp() AS started');
    await client.query(sql);
    // A migration may set the search path for itself.
    await client.query(
      `INSERT INTO "${service}"._prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name, rows[0]?.started],
    );
    // crash: if we die before this commit, Postgres rolls back the change and its record together
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    throw new InfraFailure(
      'MIGRATION_FAILED',
      `${service}/${name}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
