// A migrated database to copy from, and copies of it: one per test costs less than migrating one per test.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../migrate.ts';

const TEMPLATE = 'orgo_template';
/** How long connections of a database that is dropped may take to go by themselves. */
const LEAVE_LIMIT_MS = 1000;
const LOOK_EVERY_MS = 5;

/** Makes the template database on this server, migrated. @returns its name */
export async function createTemplateDatabase(adminUrl: string, name: string = TEMPLATE): Promise<string> {
  await asAdmin(adminUrl, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  await migrate({ adminUrl, database: name });
  return name;
}

export interface ClonedDatabase {
  readonly name: string;
  /** The admin's URL of the copy; `serviceUrls` of it gives the services' own. */
  readonly adminUrl: string;
  /** Also ends connections that are still open. */
  drop(): Promise<void>;
}

/** Copies the template. Any number may run at once. */
export async function cloneDatabase(adminUrl: string, template: string = TEMPLATE): Promise<ClonedDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${pg.escapeIdentifier(template)}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    name,
    adminUrl: url.toString(),
    drop: () => dropDatabase(adminUrl, name),
  };
}

/**
 * A pool says that it has ended before its connections have: to be cut off then is an error that nobody handles. So connections that are
 * going get the time to go; what is still there after that was forgotten.
 */
async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withAdmin(adminUrl, async (client) => {
    const deadline = performance.now() + LEAVE_LIMIT_MS;
    const inUse = async () =>
      (await client.query('SELECT 1 FROM pg_stat_activity WHERE datname = $1 LIMIT 1', [name])).rowCount === 1;
    while ((await inUse()) && performance.now() < deadline) await pause(LOOK_EVERY_MS);
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
}

const asAdmin = (adminUrl: string, sql: string): Promise<unknown> => withAdmin(adminUrl, (client) => client.query(sql));

async function withAdmin(adminUrl: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
