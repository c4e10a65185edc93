// What a test asks for when it needs servers. PostgreSQL is shared by the run and each test gets a database of its own;
// NATS and Redis start in a few milliseconds, so a test gets its own and may wipe, stop or kill them.
import fs from 'node:fs';
import { cloneDatabase } from './migrate/databases.ts';
import { type Service, serviceUrls } from './migrate.ts';
import { type ServerName, type Servers, startServers } from './servers.ts';
import { testFolder } from './test-scratch.ts';

export { testFolder } from './test-scratch.ts';

/** Set by infra/test-setup.ts for the processes that run tests. */
export const SHARED_DATABASE = 'ORGO_TEST_DATABASE_URL';

export interface TestInstance {
  readonly urls: Servers['urls'];
  readonly adminDatabaseUrl: string;
  /** Each service's own role on this test's database. */
  readonly serviceUrls: Record<Service, string>;
  /** A home of its own, removed by `stop`. */
  readonly home: string;
  /** NATS and Redis of this test, to be killed or restarted. PostgreSQL is not among them: others use it. */
  readonly servers: Servers;
  stop(): Promise<void>;
}

/** A migrated database, copied from the run's template. */
export function testDatabase(): ReturnType<typeof cloneDatabase> {
  return cloneDatabase(sharedDatabaseUrl());
}

/** A migrated database and the servers in `need` (default: NATS and Redis), used by nobody else. */
export async function testInstance(need: readonly ServerName[] = ['nats', 'redis']): Promise<TestInstance> {
  const home = testFolder('orgo-test-');
  const database = await testDatabase();
  const env = { ...process.env, DATABASE_URL: database.adminUrl, NATS_URL: '', REDIS_URL: '' };
  const servers = await startServers({ home, need, env });
  return {
    urls: servers.urls,
    adminDatabaseUrl: database.adminUrl,
    serviceUrls: serviceUrls(database.adminUrl),
    home,
    servers,
    async stop() {
      await Promise.all([servers.stop(), database.drop()]);
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

function sharedDatabaseUrl(): string {
  const url = process.env[SHARED_DATABASE];
  if (!url) throw new Error('no shared PostgreSQL: this test belongs in a lane whose setup is infra/test-setup.ts');
  return url;
}
