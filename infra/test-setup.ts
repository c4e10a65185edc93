// vitest's globalSetup of the lanes that need servers: one PostgreSQL with a migrated template for the whole run.
import fs from 'node:fs';
import { createTemplateDatabase } from './migrate/databases.ts';
import { startServers } from './servers.ts';
import { openScratch, testFolder } from './test-scratch.ts';
import { SHARED_DATABASE } from './test-servers.ts';

/** Every lane's project calls this in the same process; the first starts the server, and stops it when it ends. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[SHARED_DATABASE] !== undefined) return undefined;
  process.env[SHARED_DATABASE] = '';
  const closeScratch = openScratch();
  const home = testFolder('orgo-test-servers-');
  const servers = await startServers({ home, need: ['postgres'], env: { ...process.env, DATABASE_URL: '' } });
  await createTemplateDatabase(servers.adminDatabaseUrl);
  process.env[SHARED_DATABASE] = servers.adminDatabaseUrl;
  return async () => {
    await servers.stop();
    fs.rmSync(home, { recursive: true, force: true });
    closeScratch();
  };
}
