import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startServers } from '@orgo/infra/servers';
import { Redis } from 'ioredis';
import { buildOver, checkCounts } from './http-build.ts';
import { createHttpClient } from './http-client.ts';
import { freePort, removeFolder, startPeerScript } from './peer-process.ts';
import type { System } from './system.ts';
import { withoutServers } from './system-dbos.ts';

/**
 * BullMQ flows on a Redis of their own, one process that starts flows and one that works, as in production. Tuned in both: worker concurrency 64,
 * pipelined connections, nothing removed (a result stays retrievable). `always` syncs the append-only file before an answer; `everysec` may lose a second.
 */
export const bullmqSystem = (fsync: 'always' | 'everysec'): System => ({
  name: `bullmq_${fsync}`,
  settings: { version: '6.7.0', appendonly: 'yes', appendfsync: fsync, concurrency: 64, auto_pipelining: 'on' },
  async start() {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-bullmq-'));
    fs.chmodSync(home, 0o755);
    const servers = await startServers({ home, need: ['redis'], env: withoutServers() });
    const url = servers.urls.REDIS_URL;
    const redis = new Redis(url);
    await redis.config('SET', 'appendfsync', fsync);
    const port = await freePort();
    const worker = await startPeerScript('bullmq-app.mjs', 'worker', url, '0');
    const front = await startPeerScript('bullmq-app.mjs', 'front', url, String(port));
    const client = createHttpClient(`http://127.0.0.1:${port}`);
    let next = 0;
    return {
      roots: () => [worker.pid, front.pid, ...Object.values(servers.pids)],
      build: () => buildOver(client, '/', `bench ${next++}`, { json: false }),
      counters: async () => ({}),
      async verify(builds) {
        const done = await redis.zcard('bull:bench:completed');
        const failed = await redis.zcard('bull:bench:failed');
        if (failed > 0) throw new Error(`${failed} jobs failed`);
        checkCounts({ builds, done: done / 8, steps: done });
      },
      async stop() {
        client.close();
        redis.disconnect();
        await front.stop();
        await worker.stop();
        await servers.stop();
        removeFolder(home);
      },
    };
  },
});
