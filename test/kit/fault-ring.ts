import { stage as echo } from '@orgo/adapter-echo/stage';
import { createAdapter, type StageDefinition } from '@orgo/adapter-sdk';
import { auditConfig, createAudit } from '@orgo/audit';
import type { BuildStarted } from '@orgo/contracts';
import { createGatekeeper, gatekeeperConfig } from '@orgo/gatekeeper';
import { type TestInstance, testInstance } from '@orgo/infra/test-servers';
import { createOrchestrator, orchestratorConfig } from '@orgo/orchestrator';
import { loadConfig } from '@orgo/runtime/config';
import type { Service } from '@orgo/runtime/host';
import { createHttp } from '@orgo/runtime/http';
import { createLog } from '@orgo/runtime/log';
import { createTenant } from '@orgo/runtime/trust';
import { connectPlatform, type Platform } from '@orgo/store/platform';
import pg from 'pg';
import { type Breakers, createBreakers, type Life } from './breakers.ts';

export const parts = ['audit', 'gatekeeper', 'orchestrator', 'adapter'] as const;
export type Part = (typeof parts)[number];

const token = 'a-token-of-the-test';
const log = createLog({ service: 'ring', level: (process.env.TEST_LOG ?? 'silent') as 'silent' });

type Living = { life: Life; name: string; service: Service; url: string; stop(): Promise<void> };

/**
 * The whole ring in one process over real servers, hosted as `orgo up` hosts it, with `replicas` of each part. A part that crashes does nothing any more from
 * that moment (no commit, no message, no answer) and another is started in its place.
 */
export async function startFaultRing({ replicas = 1, stages = [echo] as StageDefinition[] } = {}) {
  const instance: TestInstance = await testInstance(['nats', 'redis']);
  const { home } = instance;
  const platform = await connectPlatform(
    {
      name: 'ring',
      home,
      databaseUrl: instance.serviceUrls.audit,
      natsUrl: instance.urls.NATS_URL,
      redisUrl: instance.urls.REDIS_URL,
      instance: 'test',
    },
    { log },
  );
  const admin = new pg.Pool({ connectionString: instance.adminDatabaseUrl, max: 3 });
  admin.on('error', () => undefined);
  const breakers: Breakers = createBreakers();
  const living = new Map<Part, Living[]>(parts.map((part) => [part, []]));
  const restarts = new Set<Promise<void>>();
  const problems: unknown[] = [];
  let crashes = 0;
  let lives = 0;
  let stopping = false;

  const create = (part: Part, given: Platform & { home: string }): Service[] => {
    if (part === 'adapter') return stages.map((stage) => createAdapter(stage, given));
    if (part === 'audit') return [createAudit(given, loadConfig(auditConfig, {}))];
    if (part === 'gatekeeper') return [createGatekeeper(given, loadConfig(gatekeeperConfig, {}))];
    return [createOrchestrator(given, loadConfig(orchestratorConfig, { ORGO_MAX_ACTIVE_BUILDS: '100000' }))];
  };
  const start = async (part: Part): Promise<void> => {
    const life: Life = {
      service: part,
      over: false,
      end() {
        if (life.over) return;
        life.over = true;
        crashes++;
        const again = replace(part, life).catch((error) => void problems.push(error));
        restarts.add(again);
        void again.then(() => restarts.delete(again));
      },
    };
    const name = `life-${++lives}`;
    const url = (service: string): string => `${service}${service.includes('?') ? '&' : '?'}application_name=${name}`;
    const given = {
      ...platform,
      home,
      log: log.child({ service: part }),
      bus: breakers.busOf(life, platform.bus),
      faults: breakers.faultsOf(life),
      databaseUrl: part === 'adapter' ? '' : url(instance.serviceUrls[part]),
    };
    const services = create(part, given);
    for (const service of services) await service.start();
    const http =
      part === 'orchestrator'
        ? createHttp({ service: part, handlers: services[0]?.routes ?? {}, token, log })
        : undefined;
    living.get(part)?.push({
      life,
      name,
      service: services[0] as Service,
      url: http === undefined ? '' : await http.listen(0),
      async stop() {
        await http?.close();
        for (const service of services) {
          await service.drain(life.over ? 0 : 5_000);
          await service.stop();
        }
      },
    });
  };
  const replace = async (part: Part, life: Life): Promise<void> => {
    const all = living.get(part) ?? [];
    // It may end while it is being started: it is among the living a moment later.
    let at = all.findIndex((one) => one.life === life);
    while (at < 0 && !stopping) {
      await new Promise((resolve) => setImmediate(resolve));
      at = all.findIndex((one) => one.life === life);
    }
    const [dead] = all.splice(at, 1);
    // The system closes the sessions of a process that was killed: its locks are free before the next one starts.
    if (dead !== undefined && part !== 'adapter')
      await admin
        .query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [dead.name])
        .catch(() => undefined);
    await Promise.all([dead?.stop(), stopping ? undefined : start(part)]);
  };

  for (const part of parts) for (let n = 0; n < replicas; n++) await start(part);

  return {
    instance,
    platform,
    breakers,
    admin,
    problems,
    crashes: () => crashes,
    createTenant: (tenant: string) =>
      createTenant(home, tenant, { adapters: stages.map(({ adapter }) => adapter), instance: 'test' }),
    /** Starts a build as a client does that asks again, under the same key, until it has an answer. */
    async startBuild(tenant: string, text: string): Promise<string> {
      const bytes = new TextEncoder().encode(JSON.stringify({ text }));
      const input = await platform.artifacts.put(tenant, 'echo-request', 'application/json', bytes);
      const body = {
        pipeline: 'echo',
        inputs: [input],
        trigger: { type: 'manual', actor: 'test', reason: '' },
        rerun_of: null,
      };
      for (let tries = 0; ; tries++) {
        const all = living.get('orchestrator') ?? [];
        const url = all[tries % Math.max(1, all.length)]?.url;
        try {
          const answer = await fetch(`${url}/v1/tenants/${tenant}/builds`, {
            method: 'POST',
            headers: {
              authorization: `Bearer ${token}`,
              'content-type': 'application/json',
              'idempotency-key': `${tenant}-start`,
            },
            body: JSON.stringify(body),
          });
          const said = await answer.text();
          if (answer.ok) return (JSON.parse(said) as BuildStarted).build_id;
          if (answer.status < 500 || tries > 200) throw new Error(`HTTP ${answer.status}: ${said}`);
        } catch (error) {
          if (tries > 200 || (error as Error).message.startsWith('HTTP 4')) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    /** Ends every session of every service at the database, as a server that dies does. */
    async cutDatabase(): Promise<number> {
      const { rows } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user`,
      );
      return rows.length;
    },
    settled: async () => {
      while (restarts.size > 0) await Promise.all(restarts);
    },
    async stop() {
      while (restarts.size > 0) await Promise.all(restarts);
      stopping = true;
      for (const part of [...parts].reverse()) for (const one of living.get(part) ?? []) await one.stop();
      await platform.close();
      await admin.end();
      await instance.stop();
    },
  };
}
export type FaultRing = Awaited<ReturnType<typeof startFaultRing>>;
