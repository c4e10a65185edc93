import { join } from 'node:path';
import type { BuildStarted, Problem } from '@orgo/contracts';
import type { TestInstance } from '@orgo/infra/test-servers';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { createTenant } from '@orgo/runtime/trust';
import type { Pace } from '@orgo/store/platform';
import pg from 'pg';
import type { CancelWord } from './history.ts';

export const token = 'a-token-of-the-test';

/** What breaks all the time is waited for less long: what is claimed by a part that is gone, a leader that is gone, a receiver that failed. */
export const pace: Pace = { pollMs: 250, maxPauseMs: 250, sweepMs: 250, claimMs: 2_000, requestTimeoutMs: 2_000 };
export const ackWaitMs = 1_000;

/** What a test does with a ring of the pipeline `echo`, whichever processes it lives in. `urls`: where its orchestrators answer now. */
export function openRing(instance: TestInstance, urls: () => readonly string[]) {
  const admin = new pg.Pool({ connectionString: instance.adminDatabaseUrl, max: 3 });
  admin.on('error', () => undefined);
  const artifacts = fileArtifacts(join(instance.home, 'artifacts'));
  /** Asks as a client does that asks again, under the same key and whoever answers, until it has an answer. */
  const ask = async (path: string, key: string, body: unknown) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    };
    const until = Date.now() + 240_000;
    for (let tries = 1; ; tries++) {
      const all = urls();
      const url = `${all[(tries + key.length) % Math.max(1, all.length)]}/v1${path}`;
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => undefined);
      const said = await answer?.text().catch(() => undefined);
      if (answer !== undefined && said !== undefined && answer.status < 500) return { ok: answer.ok, said };
      if (Date.now() > until) throw new Error(`no answer to ${path}: ${answer?.status} ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  /** Under which key each build was asked for. */
  const keys = new Map<string, string>();
  let starts = 0;
  return {
    instance,
    admin,
    createTenant: (tenant: string) => createTenant(instance.home, tenant, { adapters: ['echo'], instance: 'test' }),
    /** Starts a build of a text; `refuse_at` is the step that is to refuse it. */
    async startBuild(tenant: string, text: string, more: { refuse_at?: number } = {}): Promise<string> {
      const bytes = new TextEncoder().encode(JSON.stringify({ text, ...more }));
      const input = await artifacts.put(tenant, 'echo-request', 'application/json', bytes);
      const key = `${tenant}-${starts++}-start`;
      const { ok, said } = await ask(`/tenants/${tenant}/builds`, key, {
        pipeline: 'echo',
        inputs: [input],
        trigger: { type: 'manual', actor: 'test', reason: '' },
        rerun_of: null,
      });
      if (!ok) throw new Error(`no build: ${said}`);
      const { build_id, replayed_from } = JSON.parse(said) as BuildStarted;
      if (replayed_from !== null) throw new Error(`${tenant} has built ${text} before`);
      keys.set(build_id, key);
      return build_id;
    },
    /** Cancels a build as a person. */
    async cancelBuild(tenant: string, build: string): Promise<CancelWord> {
      const act = { actor: 'test', reason: 'in the way' };
      // One letter more than the key of the start: its first try goes to another replica.
      const key = `${keys.get(build)?.replace(/start$/, 'cancel')}`;
      const { ok, said } = await ask(`/tenants/${tenant}/builds/${build}/cancel`, key, act);
      if (ok) return 'granted';
      if ((JSON.parse(said) as Problem).code !== 'BUILD_TRANSITION_ILLEGAL') throw new Error(`not cancelled: ${said}`);
      return 'refused';
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
