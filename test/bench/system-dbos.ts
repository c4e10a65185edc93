import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startServers } from '@orgo/infra/servers';
import { buildOver, checkCounts } from './http-build.ts';
import { createHttpClient } from './http-client.ts';
import { freePort, removeFolder, startPeerScript } from './peer-process.ts';
import { postgresCounters } from './postgres-counters.ts';
import type { System } from './system.ts';

/** Connections of the system database pool: 0 is the library's own (10). */
const pools = { default: 0, tuned: 50 };

/**
 * DBOS on an embedded PostgreSQL of its own, with the same programs and settings as Orgo's.
 * Tuned: a system database pool of 50 instead of 10, so that 64 workflows do not queue for a connection.
 */
export const dbosSystem = (tuning: 'default' | 'tuned'): System => ({
  name: tuning === 'default' ? 'dbos' : 'dbos_tuned',
  settings: { version: '5.3.0', steps: 'runStep', system_database_pool: pools[tuning] || 10 },
  async start() {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-dbos-'));
    fs.chmodSync(home, 0o755);
    const servers = await startServers({ home, need: ['postgres'], env: withoutServers() });
    const port = await freePort();
    const url = servers.urls.DATABASE_URL;
    const app = await startPeerScript('dbos-app.mjs', String(port), url, String(pools[tuning]));
    const client = createHttpClient(`http://127.0.0.1:${port}`);
    const counters = await postgresCounters(url);
    let next = 0;
    return {
      roots: () => [app.pid, ...Object.values(servers.pids)],
      build: () => buildOver(client, '/', `bench ${next++}`, { json: false }),
      counters: counters.read,
      async verify(builds) {
        const [row] = await counters.query<{ done: string; steps: string }>(`SELECT
          (SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS') AS done,
          (SELECT count(*) FROM dbos.operation_outputs WHERE output IS NOT NULL) AS steps`);
        checkCounts({ builds, done: Number(row?.done), steps: Number(row?.steps) });
      },
      async stop() {
        client.close();
        await counters.close();
        await app.stop();
        await servers.stop();
        removeFolder(home);
      },
    };
  },
});

/** The environment without addresses of servers: a peer has servers of its own. */
export function withoutServers(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, NATS_URL: __, REDIS_URL: ___, ...env } = process.env;
  return env;
}
