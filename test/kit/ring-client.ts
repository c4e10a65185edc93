import { join } from 'node:path';
import type { BuildStarted } from '@orgo/contracts';
import type { TestInstance } from '@orgo/infra/test-servers';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { createTenant } from '@orgo/runtime/trust';
import type { Pace } from '@orgo/store/platform';
import pg from 'pg';

export const token = 'a-token-of-the-test';

/** What breaks all the time is waited for less long: what is claimed by a part that is gone, a leader that is gone, a receiver that failed. */
export const pace: Pace = { pollMs: 250, maxPauseMs: 250, sweepMs: 250, claimMs: 2_000, requestTimeoutMs: 2_000 };
export const ackWaitMs = 1_000;

/** What a test does with a ring of the pipeline `echo`, whichever processes it lives in. `urls`: where its orchestrators answer now. */
export function openRing(instance: TestInstance, urls: () => readonly string[]) {
  const admin = new pg.Pool({ connectionString: instance.adminDatabaseUrl, max: 3 });
  admin.on('error', () => undefined);
  const artifacts = fileArtifacts(join(instance.home, 'artifacts'));
  return {
    instance,
    admin,
    createTenant: (tenant: string) => createTenant(instance.home, tenant, { adapters: ['echo'], instance: 'test' }),
    /** Starts a build as a client does that asks again, under the same key, until it has an answer. */
    async startBuild(tenant: string, text: string): Promise<string> {
      const bytes = new TextEncoder().encode(JSON.stringify({ text }));
      const input = await artifacts.put(tenant, 'echo-request', 'application/json', bytes);
      const body = JSON.stringify({
        pipeline: 'echo',
        inputs: [input],
        trigger: { type: 'manual', actor: 'test', reason: '' },
        rerun_of: null,
      });
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `${tenant}-start`,
      };
      const until = Date.now() + 240_000;
      for (let tries = 0; ; tries++) {
        const all = urls();
        const url = `${all[tries % Math.max(1, all.length)]}/v1/tenants/${tenant}/builds`;
        const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
        const said = await answer?.text().catch(() => undefined);
        if (answer?.ok && said !== undefined) return (JSON.parse(said) as BuildStarted).build_id;
        if (Date.now() > until || (answer !== undefined && answer.status < 500))
          throw new Error(`no build: ${answer?.status} ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    },
    /** Ends every session of every service at the database, as a server that dies does. */
    async cutDatabase(): Promise<void> {
      await admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user',
      );
    },
    close: () => admin.end(),
  };
}
export type RingClient = ReturnType<typeof openRing>;
