import fs from 'node:fs';
import { serviceUrls } from '@orgo/infra/migrate';
import { startServers } from '@orgo/infra/servers';
import { createTemplateDatabase } from '@orgo/infra/test-databases';
import { type TestInstance, testFolder } from '@orgo/infra/test-servers';

/** A migrated PostgreSQL, NATS and Redis of this test alone, so that it may kill each of them. */
export async function ownInstance(): Promise<TestInstance> {
  const home = testFolder('orgo-test-');
  const servers = await startServers({ home, env: { ...process.env, DATABASE_URL: '', NATS_URL: '', REDIS_URL: '' } });
  const url = new URL(servers.adminDatabaseUrl);
  url.pathname = `/${await createTemplateDatabase(servers.adminDatabaseUrl, 'ring')}`;
  const adminDatabaseUrl = url.toString();
  return {
    urls: { ...servers.urls, DATABASE_URL: adminDatabaseUrl },
    adminDatabaseUrl,
    serviceUrls: serviceUrls(adminDatabaseUrl),
    home,
    servers,
    async stop() {
      await servers.stop();
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}
