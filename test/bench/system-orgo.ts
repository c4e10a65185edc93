import { connect } from '@nats-io/transport-node';
import { type ArtifactRef, type BuildPhase, type BuildStarted, isTerminalBuildPhase } from '@orgo/contracts';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { createHttpClient } from './http-client.ts';
import { postgresCounters } from './postgres-counters.ts';
import type { Running, System } from './system.ts';

/** Leaves of the log per build: the admission, eight stages, the record. */
const leavesPerBuild = 10;

/** Orgo that runs, with the instance for those who look deeper. */
export type OrgoRunning = Running & { instance: TestInstance; tenant: string };

/**
 * Orgo as `orgo up --processes` runs it: every service and adapter a process of its own, gates, signatures and sealing on. A client uploads an
 * input and starts a build over HTTP; it hears the end on the public event stream, one subscription for all builds.
 */
export const orgoSystem = (): Omit<System, 'start'> & { start(): Promise<OrgoRunning> } => ({
  name: 'ours',
  settings: { processes: 'one per service and adapter', pipeline: 'echo, 8 stages' },
  async start() {
    const instance = await startInstance({ args: ['--processes'] });
    return orgoRunning(instance, `bench-${Date.now().toString(36)}`);
  },
});

/** Load and counters for an instance that is up. */
export async function orgoRunning(instance: TestInstance, tenant: string): Promise<OrgoRunning> {
  const { api, token } = instance.api();
  const servers = instance.servers();
  const made = await instance.cli('tenant', 'create', tenant);
  if (made.code !== 0) throw new Error(`no tenant: ${made.stderr}`);
  const client = createHttpClient(api);
  const counters = await postgresCounters(servers.DATABASE_URL);
  const natsUrl = new URL(servers.NATS_URL);
  const nats = await connect({ servers: natsUrl.host, user: natsUrl.username, pass: natsUrl.password });

  const waiting = new Map<string, (phase: string) => void>();
  const early = new Map<string, string>();
  const subject = `orgo.v1.${tenant}.evt.build.*`;
  nats.subscribe(subject, {
    callback: (_, message) => {
      const phase = message.subject.slice(subject.length - 1).toUpperCase();
      if (!isTerminalBuildPhase(phase as BuildPhase)) return;
      const { build_id } = (message.json() as { data: { build_id: string } }).data;
      const tell = waiting.get(build_id);
      if (tell) tell(phase);
      else early.set(build_id, phase);
    },
  });
  await nats.flush();

  const base = `/v1/tenants/${tenant}`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const post = async <T>(path: string, body: unknown, more: Record<string, string> = {}): Promise<T> => {
    const answer = await client.post(`${base}${path}`, JSON.stringify(body), { ...headers, ...more });
    if (answer.status >= 300) throw new Error(`HTTP ${answer.status} from ${path}: ${answer.body}`);
    return JSON.parse(answer.body) as T;
  };
  const ended = (build: string): Promise<string> => {
    const phase = early.get(build);
    early.delete(build);
    if (phase !== undefined) return Promise.resolve(phase);
    return new Promise((resolve) => waiting.set(build, resolve)).then((told) => {
      waiting.delete(build);
      return told as string;
    });
  };

  let next = 0;
  return {
    instance,
    tenant,
    roots: () => [instance.up.pid as number, ...Object.values(instance.pids()), ...Object.values(servers.pids)],
    async build() {
      // Each build has an input of its own: the same request twice is answered without running.
      const input = await post<ArtifactRef>(
        '/artifacts',
        { text: `bench ${next++}` },
        { 'x-artifact-kind': 'echo-request' },
      );
      const from = performance.now();
      const { build_id } = await post<BuildStarted>('/builds', {
        pipeline: 'echo',
        inputs: [input],
        trigger: { type: 'manual', actor: 'bench', reason: '' },
        rerun_of: null,
      });
      const phase = await ended(build_id);
      if (phase !== 'COMPLETED') throw new Error(`${build_id} ended as ${phase}`);
      return performance.now() - from;
    },
    counters: counters.read,
    async verify(builds) {
      const [row] = await counters.query<{ done: string; all: string; leaves: string }>(`SELECT
        (SELECT count(*) FROM orchestrator.build WHERE tenant_id = '${tenant}' AND phase = 'COMPLETED') AS done,
        (SELECT count(*) FROM orchestrator.build WHERE tenant_id = '${tenant}') AS all,
        (SELECT count(*) FROM audit.log_leaf WHERE tenant_id = '${tenant}') AS leaves`);
      const { done, all, leaves } = row as { done: string; all: string; leaves: string };
      if (Number(done) !== builds || Number(all) !== builds || Number(leaves) !== builds * leavesPerBuild)
        throw new Error(`${builds} builds, but ${done} of ${all} completed with ${leaves} leaves`);
      const fsck = await instance.as(tenant)('audit', 'fsck', '--json');
      if (fsck.code !== 0) throw new Error(`the log does not check: ${fsck.stdout}${fsck.stderr}`);
    },
    async stop() {
      client.close();
      await counters.close();
      await nats.close();
      await instance.stop();
    },
  };
}
