import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { migrate, SERVICES } from '@orgo/infra/migrate';
import type { ServiceMigrations } from '@orgo/infra/migration-folder';
import { applyMissing } from '@orgo/infra/migration-history';
import { testDatabase } from '@orgo/infra/test-servers';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { repo } from '../kit/instance.ts';
import { type Engine, openEngine } from './bootstrap-schema-engine.ts';

let database: Awaited<ReturnType<typeof testDatabase>>;
let admin: pg.Client;

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  // A connection that the server ends says so here, besides at the query that it broke.
  client.on('error', () => {});
  return client;
};

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(async () => {
  admin = await connect();
  onTestFinished(() => admin.end());
});
afterAll(() => database.drop());

/** Migrations of a service that no test database has: the schema is made empty here. */
async function planted(...sqls: string[]): Promise<ServiceMigrations> {
  await admin.query('DROP SCHEMA IF EXISTS audit CASCADE; CREATE SCHEMA audit');
  const migrations = sqls.map((sql, at) => ({
    name: `2026112000000${at}_planted`,
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
  }));
  return { service: 'audit', migrations, grants: undefined };
}
const tables = async (): Promise<string[]> => {
  const { rows } = await admin.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'audit' ORDER BY 1`);
  return rows.map((row) => row.tablename);
};

test('several migrators at once do the work once', async () => {
  await Promise.all([1, 2, 3].map(() => migrate({ adminUrl: database.adminUrl })));
});

test('migrations are applied once, in order, and then the grants', async () => {
  const planned = await planted('CREATE TABLE a (n int)', 'ALTER TABLE a ADD m int; INSERT INTO a VALUES (1, 2)');
  await applyMissing(admin, planned);
  await applyMissing(admin, { ...planned, grants: 'REVOKE DELETE ON a FROM orgo_audit' });
  expect((await admin.query('SELECT * FROM audit.a')).rows).toEqual([{ n: 1, m: 2 }]);
});

test('a migration that fails leaves nothing of itself, and those before it', async () => {
  const planned = await planted('CREATE TABLE a (n int)', 'CREATE TABLE b (n int); SELECT 1 / 0');
  await expect(applyMissing(admin, planned)).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringMatching(/^audit\/20261120000001_planted: division by zero$/),
  });
  expect(await tables()).toEqual(['_prisma_migrations', 'a']);
});

test('a migrator that dies within a migration leaves a database that the next one brings up to date', async () => {
  const planned = await planted('CREATE TABLE a (n int)');
  const stuck = {
    ...planned,
    migrations: planned.migrations.map((m) => ({ ...m, sql: `${m.sql}; SELECT pg_sleep(60)` })),
  };
  const dying = await connect();
  const { rows } = await dying.query('SELECT pg_backend_pid() AS pid');
  const failed = expect(applyMissing(dying, stuck)).rejects.toThrow();
  // To the database a killed process is a connection that ends.
  await admin.query(
    `DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ${rows[0].pid} AND wait_event = 'PgSleep')
     LOOP PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$`,
  );
  await admin.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
  await failed;
  await applyMissing(admin, planned);
  expect(await tables()).toEqual(['_prisma_migrations', 'a']);
});

test('Prisma reads our history as its own', async () => {
  const planned = await planted('CREATE TABLE a (n int)');
  await applyMissing(admin, planned);
  const engine = await open('audit');
  expect(await engine.applyMigrations(planned.migrations)).toEqual([]);
  const more = { name: '20261121000000_more', sql: 'CREATE TABLE b (n int)', checksum: '' };
  expect(await engine.applyMigrations([...planned.migrations, more])).toEqual(['20261121000000_more']);
  // Its lock belongs to its connection.
  await engine.close();
  const columns = `SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = $1 AND table_name = '_prisma_migrations' ORDER BY ordinal_position`;
  const ours = (await admin.query(columns, ['audit'])).rows;
  await admin.query('CREATE SCHEMA theirs');
  const fresh = await open('theirs');
  await fresh.applyMigrations([more]);
  expect((await admin.query(columns, ['theirs'])).rows).toEqual(ours);
});

describe.each(SERVICES)('%s', (service) => {
  const file = path.join(repo, 'services', service, 'prisma/schema.prisma');

  test('its migrations make the tables and columns that its Prisma schema describes', async (context) => {
    if (!fs.existsSync(file)) context.skip(`${service} has no Prisma schema`);
    const described = `described_${service}`;
    const engine = await open(described);
    const sql = await engine.sqlOf(fs.readFileSync(file, 'utf8'));
    await admin.query(
      `DROP SCHEMA IF EXISTS ${described} CASCADE; CREATE SCHEMA ${described}; SET search_path = ${described}`,
    );
    await admin.query(sql.replaceAll(`"${service}"."`, `"${described}"."`));
    const fresh = await testDatabase();
    onTestFinished(() => fresh.drop());
    const migrated = new pg.Client({ connectionString: fresh.adminUrl });
    await migrated.connect();
    onTestFinished(() => migrated.end());
    const columns = `SELECT table_name, column_name, replace(udt_schema, $1, $2) AS type_schema, udt_name, is_nullable
      FROM information_schema.columns WHERE table_schema = $1 ORDER BY 1, 2`;
    const wanted = (await admin.query(columns, [described, service])).rows;
    const made = (await migrated.query(columns, [service, service])).rows;
    const tables = new Set(wanted.map((column) => column.table_name));
    expect(tables.size).toBeGreaterThan(0);
    expect(made.filter((column) => tables.has(column.table_name))).toEqual(wanted);
  });
});

async function open(schema: string): Promise<Engine> {
  const engine = await openEngine(database.adminUrl, schema);
  onTestFinished(() => engine.close());
  return engine;
}
