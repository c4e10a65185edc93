import fs from 'node:fs';
import path from 'node:path';
import { startServers } from '@orgo/infra/servers';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { embedded, emptyHome } from './bootstrap-homes.ts';

const isRoot = process.getuid?.() === 0;

test('as root, a home below a folder that only root can enter works, and keeps its data in the home', async (context) => {
  if (!isRoot) context.skip('only root has to give PostgreSQL to another user');
  const closed = emptyHome();
  fs.chmodSync(closed, 0o700);
  const home = path.join(closed, 'home');
  const select = async (sql: string): Promise<unknown[]> => {
    const servers = await startServers({ home, need: ['postgres'], env: embedded });
    onTestFinished(() => servers.stop());
    const client = new pg.Client({ connectionString: servers.urls.DATABASE_URL });
    await client.connect();
    const { rows } = await client.query(sql);
    await client.end();
    await servers.kill('postgres');
    await servers.stop();
    return rows;
  };
  await select('CREATE TABLE kept AS SELECT 7 AS n');
  expect(await select('SELECT n FROM kept')).toEqual([{ n: 7 }]);
  expect(fs.existsSync(path.join(home, 'servers/postgres/PG_VERSION'))).toBe(true);
});
