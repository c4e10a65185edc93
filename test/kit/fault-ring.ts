import { stage as echo } from '@orgo/adapter-echo/stage';
import { createAdapter } from '@orgo/adapter-sdk';
import { auditConfig, createAudit } from '@orgo/audit';
import { backoffMs } from '@orgo/core';
import { createGatekeeper, gatekeeperConfig } from '@orgo/gatekeeper';
import { type TestInstance, testInstance } from '@orgo/infra/test-servers';
import { createOrchestrator, orchestratorConfig } from '@orgo/orchestrator';
import { loadConfig } from '@orgo/runtime/config';
import { Fault } from '@orgo/runtime/errors';
import type { Service } from '@orgo/runtime/host';
import { createHttp } from '@orgo/runtime/http';
import { createLog } from '@orgo/runtime/log';
import { connectPlatform, type Platform } from '@orgo/store/platform';
import { type Breakers, createBreakers, type Life } from './breakers.ts';
import { ackWaitMs, openRing, pace, token } from './ring-client.ts';

export const parts = ['audit', 'gatekeeper', 'orchestrator', 'adapter'] as const;
export type Part = (typeof parts)[number];

const log = createLog({ service: 'ring', level: (process.env.TEST_LOG ?? 'silent') as 'silent' });

type Living = { life: Life; name: string; url: string; stop(): Promise<void> };

/**
 * The whole ring in one process over real servers, hosted as `orgo up` hosts it, with `replicas` of each part. A part that crashes does nothing any more from
 * that moment (no commit, no message, no answer) and another is started in its place.
 */
export async function startFaultRing({ replicas = 1 } = {}) {
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
      ackWaitMs,
    },
    { log },
  );
  const client = openRing(instance, () =>
    (living.get('orchestrator') ?? []).flatMap(({ url }) => (url === '' ? [] : [url])),
  );
  const breakers: Breakers = createBreakers();
  const living = new Map<Part, Living[]>(parts.map((part) => [part, []]));
  const restarts = new Set<Promise<void>>();
  const problems: unknown[] = [];
  const lives: Life[] = [];
  let crashes = 0;
  let stopping = false;

  const create = (part: Part, given: Platform & { home: string }): Service => {
    if (part === 'adapter') return createAdapter(echo, given);
    if (part === 'audit') return createAudit(given, loadConfig(auditConfig, {}));
    if (part === 'gatekeeper') return createGatekeeper(given, loadConfig(gatekeeperConfig, {}));
    return createOrchestrator(given, loadConfig(orchestratorConfig, {}));
  };
  const start = async (part: Part): Promise<void> => {
    const life: Life = {
      service: part,
      over: false,
      passed: 0,
      end() {
        if (life.over) return;
        life.over = true;
        crashes++;
        const again = replace(part, life).catch((error) => void problems.push(error));
        restarts.add(again);
        void again.then(() => restarts.delete(again));
      },
    };
    lives.push(life);
    const name = `life-${lives.length}`;
    const url = (service: string): string => `${service}${service.includes('?') ? '&' : '?'}application_name=${name}`;
    const given = {
      ...platform,
      pace,
      home,
      log: log.child({ service: part }),
      bus: breakers.busOf(life, platform.bus),
      faults: breakers.faultsOf(life),
      databaseUrl: part === 'adapter' ? '' : url(instance.serviceUrls[part]),
    };
    const service = create(part, given);
    // Who crashes while it starts is among the living too, to be replaced: what it has begun has to be ended.
    const failed: unknown = await service.start().then(
      () => undefined,
      (error) => error ?? new Error('it did not start'),
    );
    if (failed !== undefined && !life.over) {
      // As a process that cannot start: it lets go of what it has begun, and ends.
      life.over = true;
      await service.drain(0);
      await service.stop();
      throw failed;
    }
    const http =
      part === 'orchestrator' && failed === undefined
        ? createHttp({ service: part, handlers: service.routes ?? {}, token, log })
        : undefined;
    living.get(part)?.push({
      life,
      name,
      url: http === undefined ? '' : await http.listen(0),
      async stop() {
        await http?.close();
        await service.drain(life.over ? 0 : 5_000);
        await service.stop();
      },
    });
  };
  /** As a supervisor: what cannot start while a server is away is started again. */
  const revive = async (part: Part): Promise<void> => {
    for (let failures = 1; !stopping; failures++) {
      try {
        return await start(part);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        await new Promise((resolve) =>
          setTimeout(resolve, backoffMs(failures, { baseMs: 20, maxMs: 500, seed: part })),
        );
      }
    }
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
      await client.admin
        .query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
          [dead.name],
        )
        .catch(() => undefined);
    await Promise.all([dead?.stop(), revive(part)]);
  };

  for (const part of parts) for (let n = 0; n < replicas; n++) await start(part);

  return {
    ...client,
    breakers,
    problems,
    crashes: () => crashes,
    /** How many of each part have worked, the replaced ones among them. */
    workers: (): Record<Part, number> =>
      Object.fromEntries(
        parts.map((part) => [part, lives.filter((life) => life.service === part && life.passed > 0).length]),
      ) as Record<Part, number>,
    async stop() {
      while (restarts.size > 0) await Promise.all(restarts);
      stopping = true;
      for (const part of [...parts].reverse()) for (const one of living.get(part) ?? []) await one.stop();
      await platform.close();
      await client.close();
      await instance.stop();
    },
  };
}
export type FaultRing = Awaited<ReturnType<typeof startFaultRing>>;
