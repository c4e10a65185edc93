import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { type ServerName, type Servers, startServers } from '@orgo/infra/servers';
import { testFolder } from '@orgo/infra/test-servers';
import { type Db, openDb } from '@orgo/store/db';
import pg from 'pg';

export type TestServers = Servers & { [Symbol.asyncDispose](): Promise<void> };

/** Real servers in a home of their own, gone with everything in it after `stop`. Ignores URLs in the environment. */
export async function startTestServers(...need: ServerName[]): Promise<TestServers> {
  const home = testFolder('orgo-test-');
  const servers = await startServers({ home, need, env: {} }).catch((error) => {
    fs.rmSync(home, { recursive: true, force: true });
    throw error;
  });
  const stop = async (): Promise<void> => {
    await servers.stop();
    fs.rmSync(home, { recursive: true, force: true });
  };
  return Object.assign(Object.create(servers) as Servers, { stop, [Symbol.asyncDispose]: stop });
}

const storeSql = fs.readFileSync(new URL('../../packages/store/sql/store.sql', import.meta.url), 'utf8');

/** The table `tableRepo(name)` works on. */
export const aggregateSql = (name: string): string => `CREATE TABLE "${name}" (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, phase TEXT NOT NULL, state JSONB NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(), updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)) WITH (fillfactor = 70)`;

export type TestSchema = { url: string; schema: string; open(options?: { max?: number }): Db };

/** A new schema with the store's tables and whatever SQL is added. */
export async function createStoreSchema(url: string, ...more: string[]): Promise<TestSchema> {
  const schema = `t_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${storeSql}; ${more.join(';')}`);
  } finally {
    await client.end();
  }
  return { url, schema, open: (options) => openDb({ url, schema, ...options }) };
}
