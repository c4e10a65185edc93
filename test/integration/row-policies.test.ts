import { SERVICES, type Service, serviceUrls } from '@orgo/infra/migrate';
import { testDatabase } from '@orgo/infra/test-servers';
import { openReading } from '@orgo/store/reading';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const denied = '42501';
const tenants = ['tenant-a', 'tenant-b'] as const;
const [one, other] = tenants;

let database: Awaited<ReturnType<typeof testDatabase>>;
let admin: pg.Client;
let urls: Record<Service, string>;

/** Every table of a service that has a tenant's rows: what a migration adds tomorrow is among them. */
async function tablesOf(service: Service): Promise<string[]> {
  const { rows } = await admin.query(
    `SELECT t.table_name AS name FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
     WHERE t.table_schema = $1 AND t.table_type = 'BASE TABLE' AND c.column_name = 'tenant_id' ORDER BY 1`,
    [service],
  );
  return rows.map(({ name }) => name);
}

const values: Record<string, string> = {
  text: `'x'`,
  bytea: `'\\x00'`,
  boolean: 'false',
  json: `'{}'`,
  jsonb: `'{}'`,
  'timestamp with time zone': 'now()',
};

/** A row of each tenant, of no sense: what the table asks of its values is dropped first. */
async function plant(service: Service, table: string): Promise<void> {
  const { rows: rules } = await admin.query(
    `SELECT conname AS name FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('c', 'f')`,
    [`${service}.${table}`],
  );
  for (const { name } of rules) await admin.query(`ALTER TABLE ${service}.${table} DROP CONSTRAINT "${name}"`);
  const { rows: required } = await admin.query(
    `SELECT column_name AS name, data_type AS type, is_generated = 'ALWAYS' AS made FROM information_schema.columns
     WHERE table_schema = $1 AND table_name = $2 AND is_nullable = 'NO' AND column_default IS NULL AND column_name <> 'tenant_id'`,
    [service, table],
  );
  const columns = required.filter(({ made }) => !made);
  for (const { name } of required.filter(({ made }) => made))
    await admin.query(`ALTER TABLE ${service}.${table} ALTER "${name}" DROP NOT NULL`);
  const names = ['tenant_id', ...columns.map(({ name }) => name)].map((name) => `"${name}"`);
  for (const tenant of tenants) {
    const row = [`'${tenant}'`, ...columns.map(({ type }) => values[type] ?? '1')];
    await admin.query(`INSERT INTO ${service}.${table} (${names.join()}) VALUES (${row.join()})`);
  }
}

/** A connection of a service's own that has taken on its reading role, as those of `openReading` do. */
async function asReader<T>(service: Service, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const options = `-c search_path=${service} -c role=orgo_${service}_read`;
  const client = new pg.Client({ connectionString: urls[service], options });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  database = await testDatabase();
  urls = serviceUrls(database.adminUrl);
  admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

describe.each(SERVICES)('reads of %s', (service) => {
  const reader = `orgo_${service}_read`;

  test('are by a role that may select from tables with tenants and from nothing else, and inherits nothing', async () => {
    const { rows: granted } = await admin.query(
      `SELECT DISTINCT table_schema AS schema, table_name AS name, privilege_type AS privilege
       FROM information_schema.role_table_grants WHERE grantee = $1`,
      [reader],
    );
    const tables = await tablesOf(service);
    for (const { schema, name, privilege } of granted) {
      expect([schema, privilege]).toEqual([service, 'SELECT']);
      expect(tables).toContain(name);
    }
    const { rows } = await admin.query(
      `SELECT rolcanlogin OR rolinherit OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb AS more,
       (SELECT count(*)::int FROM pg_auth_members WHERE member = pg_roles.oid) AS member_of FROM pg_roles WHERE rolname = $1`,
      [reader],
    );
    expect(rows).toEqual([{ more: false, member_of: 0 }]);
  });

  test('see the rows of the tenant they are for, of every table that has tenants, and none without one', async () => {
    const tables = await tablesOf(service);
    expect(tables.length).toBeGreaterThan(0);
    for (const table of tables) await plant(service, table);
    // The policies alone hold from here on.
    await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA ${service} TO ${reader}`);
    const reading = openReading({ url: urls[service], schema: service });
    try {
      for (const table of tables) {
        const forgot = `SELECT tenant_id FROM "${table}"`;
        const mistaken = `SELECT tenant_id FROM "${table}" WHERE tenant_id = '${other}'`;
        expect((await reading.of(one).query(forgot)).rows, table).toEqual([{ tenant_id: one }]);
        expect((await reading.of(one).query(mistaken)).rows, table).toEqual([]);
        expect((await reading.of('').query(forgot)).rows, table).toEqual([]);
      }
    } finally {
      await reading.close();
    }
    await asReader(service, async (client) => {
      for (const table of tables) {
        const forgot = `SELECT tenant_id FROM "${table}"`;
        expect((await client.query(forgot)).rows, table).toEqual([]);
        await client.query(`BEGIN; SELECT set_config('orgo.tenant', '${one}', true)`);
        expect((await client.query(forgot)).rows, table).toEqual([{ tenant_id: one }]);
        await client.query('COMMIT');
        // What a transaction named is gone with it.
        expect((await client.query(forgot)).rows, table).toEqual([]);
        await expect(client.query(`DELETE FROM "${table}"`), table).rejects.toMatchObject({ code: denied });
      }
      // To lay the role down is to have that of the connection again, which is it.
      await client.query('RESET ROLE');
      expect((await client.query('SELECT current_user AS name')).rows).toEqual([{ name: reader }]);
    });
  });

  test('bind the ring to nothing: it sees every tenant’s rows', async () => {
    const client = new pg.Client({ connectionString: urls[service] });
    await client.connect();
    try {
      for (const table of await tablesOf(service)) {
        const { rows } = await client.query(`SELECT tenant_id FROM "${table}" ORDER BY 1`);
        expect(rows, table).toEqual(tenants.map((tenant_id) => ({ tenant_id })));
      }
    } finally {
      await client.end();
    }
  });
});

describe('two tenants who are read for at once', () => {
  test('each see their own, also through what is asked of the pool as Prisma asks it', async () => {
    const reading = openReading({ url: urls.audit, schema: 'audit', max: 2 });
    const asked = { text: 'SELECT tenant_id FROM log', rowMode: 'array' as const };
    try {
      const seen = await Promise.all(
        Array.from({ length: 32 }, async (_, at) => {
          const tenant = tenants[at % 2] as string;
          const { rows } = await reading.as(tenant, () => reading.pool.query(asked));
          return [tenant, rows];
        }),
      );
      for (const [tenant, rows] of seen) expect(rows).toEqual([[tenant]]);
      await expect(reading.pool.query(asked)).rejects.toThrow('a read names its tenant');
      // What the server refuses fails alone: the connection is as good as before.
      await expect(reading.of(one).query('SELECT 1 / 0')).rejects.toThrow();
      await expect(reading.of(one).query('SELECT nothing FROM log')).rejects.toMatchObject({ code: '42703' });
      expect((await reading.of(other).query('SELECT tenant_id FROM log')).rows).toEqual([{ tenant_id: other }]);
    } finally {
      await reading.close();
    }
  });
});
