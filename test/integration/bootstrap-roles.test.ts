import { migrate, SERVICES, type Service, serviceUrls } from '@orgo/infra/migrate';
import { testDatabase } from '@orgo/infra/test-servers';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const DENIED = '42501';
let database: Awaited<ReturnType<typeof testDatabase>>;
let urls: Record<Service, string>;

async function as(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  database = await testDatabase();
  urls = serviceUrls(database.adminUrl);
  await migrate({ adminUrl: database.adminUrl });
  for (const service of SERVICES) await as(database.adminUrl, `CREATE TABLE ${service}.roles_test (n int, s serial)`);
});
afterAll(() => database.drop());

describe.each(SERVICES)('the role of %s', (service) => {
  test('reads and writes its own schema, by bare names', async () => {
    const sql = 'INSERT INTO roles_test (n) VALUES (1); UPDATE roles_test SET n = 2; DELETE FROM roles_test';
    await as(urls[service], sql);
  });

  test.each(SERVICES.filter((other) => other !== service))('has no access to %s', async (other) => {
    await expect(as(urls[service], `SELECT * FROM ${other}.roles_test`)).rejects.toMatchObject({ code: DENIED });
    await expect(as(urls[service], `INSERT INTO ${other}.roles_test VALUES (1)`)).rejects.toMatchObject({
      code: DENIED,
    });
  });

  test.each([
    ['make a table in its schema', 'CREATE TABLE more (n int)'],
    ['make a table in public', 'CREATE TABLE public.more (n int)'],
    ['change a table', 'ALTER TABLE roles_test ADD m int'],
    ['empty a table past its triggers', 'TRUNCATE roles_test'],
    ['write its migration history', 'DELETE FROM _prisma_migrations'],
    ['make a role', 'CREATE ROLE orgo_more'],
    ['make a temporary table', 'CREATE TEMPORARY TABLE more (n int)'],
    ['take on the role of another', `SET ROLE orgo_${service === 'audit' ? 'release' : 'audit'}`],
    ['take on the reading role of another', `SET ROLE orgo_${service === 'audit' ? 'release' : 'audit'}_read`],
    ['read the server’s files', `SELECT pg_read_file('postgresql.conf')`],
    ['run a program', `COPY (SELECT 1) TO PROGRAM 'true'`],
  ])('cannot %s', async (_, sql) => {
    await expect(as(urls[service], sql)).rejects.toMatchObject({ code: DENIED });
  });
});

test('without any password to derive them from, no role gets a password that can be guessed', () => {
  expect(() => serviceUrls('postgresql://admin@db.example/orgo')).toThrow(
    expect.objectContaining({ code: 'DATABASE_SECRET_MISSING' }),
  );
  expect(serviceUrls('postgresql://admin@db.example/orgo', 'a secret').audit).toMatch(
    /orgo_audit:[\w-]{43}@db\.example/,
  );
});
