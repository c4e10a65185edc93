// Brings the databases of the services up to date: roles, then each service's migrations, then its extra grants.
import pg from 'pg';
import { applyMissing } from './migrate/history.ts';
import { readMigrations, SERVICES, type Service } from './migrate/migration-folder.ts';
import { ensureRoles, serviceUrls } from './migrate/roles.ts';

export { InfraFailure } from './failure.mjs';
export { SERVICES, type Service } from './migrate/migration-folder.ts';
export { serviceUrls } from './migrate/roles.ts';

/** Advisory lock of a migrator, per database. */
const LOCK = 0x6f72676f; // "orgo"

export interface MigrateOptions {
  /** A role that may create roles and schemas. Its database must exist. */
  readonly adminUrl: string;
  /** Default: all that own a schema. */
  readonly services?: readonly Service[];
  /** Another database of the same server. */
  readonly database?: string;
  /** The secret that `serviceUrls` was or will be given, if any. */
  readonly secret?: string;
}

/**
 * Returns when every service's schema is as its migrations say; up to date already, it changes nothing.
 * Any number may run at once: one works, the others wait. A failed or killed run leaves whole migrations only, and may
 * simply be run again.
 * @throws InfraFailure
 */
export async function migrate({ adminUrl, services = SERVICES, database, secret }: MigrateOptions): Promise<void> {
  const target = new URL(adminUrl);
  if (database !== undefined) target.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: target.toString(), application_name: 'orgo-migrate' });
  await client.connect();
  try {
    // Freed by the server when this connection ends, however it ends.
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    const urls = Object.entries(serviceUrls(adminUrl, secret)).filter(([service]) =>
      services.some((wanted) => wanted === service),
    );
    await ensureRoles(client, Object.fromEntries(urls));
    for (const service of services) await applyMissing(client, readMigrations(service));
  } finally {
    await client.end();
  }
}
