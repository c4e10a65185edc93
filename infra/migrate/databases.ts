// A migrated database to copy from, and copies of it: one per test costs less than migrating one per test.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../migrate.ts';

const TEMPLATE = 'orgo_template';

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
    drop: () => asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function asAdmin(adminUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
