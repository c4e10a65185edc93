import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildOver, checkCounts } from './http-build.ts';
import { createHttpClient } from './http-client.ts';
import { freePort, peersFolder, removeFolder, startPeer, startPeerScript } from './peer-process.ts';
import type { System } from './system.ts';

/**
 * Tuned for a machine of two processors: fewer partitions (24 by default, each with a log and a processor of its own) put more commands into one
 * batch and one WAL sync, larger command batches follow, and the web UI and metrics are off. Durability stays as it is by default: the log's WAL is synced.
 */
const tunings: Record<'default' | 'tuned', Record<string, string>> = {
  default: {},
  tuned: {
    RESTATE_DEFAULT_NUM_PARTITIONS: '4',
    RESTATE_WORKER__MAX_COMMAND_BATCH_SIZE: '256',
    RESTATE_DISABLE_PROMETHEUS: 'true',
    RESTATE_ADMIN__DISABLE_WEB_UI: 'true',
    RESTATE_WORKER__STORAGE__ROCKSDB_DISABLE_STATISTICS: 'true',
  },
};

/** Restate's own server and one service process; callers go through the ingress with an idempotency key, so that a result can be fetched again. */
export const restateSystem = (tuning: 'default' | 'tuned'): System => ({
  name: tuning === 'default' ? 'restate' : 'restate_tuned',
  settings: { server: '1.7.12', sdk: '1.17.2', steps: 'ctx.run', ...tunings[tuning] },
  async start() {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-restate-'));
    const [port, ingress, admin, node] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const service = await startPeerScript('restate-service.mjs', String(port));
    const platform = `restate-server-${process.platform}-${process.arch}`;
    const binary = path.join(peersFolder, 'node_modules/@restatedev', platform, 'bin/restate-server');
    const server = await startPeer(binary, ['--node-name', 'bench', '--base-dir', home, '--no-logo'], {
      ready: /Partition .* (started|leader)|Restate is up|restate_bin|All systems|provisioned/i,
      cwd: home,
      env: {
        ...tunings[tuning],
        RESTATE_LISTEN_MODE: 'tcp',
        RESTATE_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: '1',
        RESTATE_BIND_IP: '127.0.0.1',
        RESTATE_BIND_PORT: String(node),
        RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
        RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
        RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
        RESTATE_LOG_FILTER: 'info',
        RESTATE_LOG_DISABLE_ANSI_CODES: 'true',
      },
    });
    await untilAnswers(`http://127.0.0.1:${admin}/health`);
    await untilAnswers(`http://127.0.0.1:${ingress}/restate/health`);
    const registered = await fetch(`http://127.0.0.1:${admin}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri: `http://127.0.0.1:${port}` }),
    });
    if (!registered.ok) throw new Error(`not registered: ${await registered.text()}`);
    const client = createHttpClient(`http://127.0.0.1:${ingress}`);
    const count = async (query: string): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${admin}/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query }),
      });
      if (!answer.ok) throw new Error(`no counts: ${await answer.text()}`);
      return Number(((await answer.json()) as { rows: { n: number }[] }).rows[0]?.n);
    };
    const run = Date.now().toString(36);
    let next = 0;
    return {
      roots: () => [server.pid, service.pid],
      build() {
        const n = next++;
        const headers = { 'content-type': 'application/json', 'idempotency-key': `${run}-${n}` };
        return buildOver(client, '/bench/build', `bench ${n}`, { json: true, headers });
      },
      counters: async () => ({}),
      async verify(builds) {
        const done = await count(
          `SELECT count(*) AS n FROM sys_invocation WHERE status = 'completed' AND completion_result = 'success'`,
        );
        const steps = await count(`SELECT count(*) AS n FROM sys_journal WHERE entry_type = 'Command: Run'`);
        checkCounts({ builds, done, steps });
      },
      async stop() {
        client.close();
        await server.stop();
        await service.stop();
        removeFolder(home);
      },
    };
  },
});

/** Asks until the address says yes; ends by the run's own time limit. */
async function untilAnswers(url: string): Promise<void> {
  const limit = AbortSignal.timeout(60_000);
  for (;;) {
    const ok = await fetch(url, { signal: limit }).then(
      (answer) => answer.ok,
      (error) => {
        if (limit.aborted) throw error;
        return false;
      },
    );
    if (ok) return;
    await new Promise((again) => setTimeout(again, 50));
  }
}
