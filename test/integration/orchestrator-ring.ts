import { defineStage, type StageContext, type StageRun, serveStage } from '@orgo/adapter-sdk';
import { auditConfig, createAudit } from '@orgo/audit';
import { canonicalBytes } from '@orgo/core';
import { createGatekeeper, gatekeeperConfig } from '@orgo/gatekeeper';
import type { Bus } from '@orgo/runtime/bus';
import { type Clock, systemClock } from '@orgo/runtime/clock';
import { loadConfig } from '@orgo/runtime/config';
import type { Service } from '@orgo/runtime/host';
import { type Api, startApi } from './orchestrator-instance.ts';

export type Ring = Api & {
  /** What the stages do; by default each says its input and its configuration. */
  run: StageRun;
  /** Whether the adapter hears that a build was cancelled; a deaf one stands for a notice that was lost. */
  deaf: boolean;
  /** How far the adapter's clock is from everybody else's. */
  hoursAhead: number;
  /** Stops and starts a service of the ring. */
  down(name: 'gatekeeper' | 'audit'): Promise<void>;
  up(name: 'gatekeeper' | 'audit'): Promise<void>;
};

/** What the stages of `echo` do. */
export const echo: StageRun = async ({ config, inputs }: StageContext) => {
  const bytes = canonicalBytes({ config, of: inputs.map(({ ref }) => ref) });
  const outputs = [{ kind: 'echo-text', media_type: 'application/json', bytes }];
  return { ok: true, value: { outputs, metrics: {}, diagnostics: [] } };
};

/** The whole ring in one process: the real orchestrator, gatekeeper and audit, and an adapter whose work a test decides. */
export async function startRing(given: Parameters<typeof startApi>[1] & { clock?: Clock } = {}): Promise<Ring> {
  const api = await startApi({}, given);
  const { instance, platform } = api;
  const of = (name: 'gatekeeper' | 'audit') => ({
    ...platform,
    log: platform.log.child({ service: name }),
    home: instance.home,
    databaseUrl: instance.serviceUrls[name],
  });
  const create = {
    audit: (): Service => createAudit(of('audit'), loadConfig(auditConfig, {})),
    gatekeeper: (): Service => createGatekeeper(of('gatekeeper'), loadConfig(gatekeeperConfig, {})),
  };
  const services = new Map<'gatekeeper' | 'audit', Service>();
  const up: Ring['up'] = async (name) => {
    const service = create[name]();
    services.set(name, service);
    await service.start();
  };
  const down: Ring['down'] = async (name) => {
    const service = services.get(name);
    services.delete(name);
    await service?.drain(5000);
    await service?.stop();
  };
  await up('audit');
  await up('gatekeeper');
  const ring: Ring = {
    ...api,
    run: echo,
    deaf: false,
    hoursAhead: 0,
    up,
    down,
    async stop() {
      await serving.stop(0);
      await Promise.all([...services.keys()].map(down));
      await api.stop();
    },
  };
  const definition = defineStage({ adapter: 'echo', version: '0.1.0', run: (context) => ring.run(context) });
  const bus: Bus = {
    ...platform.bus,
    listen: (subject, hear) => platform.bus.listen(subject, (...said) => ring.deaf || hear(...said)),
  };
  const { clock = systemClock } = given;
  const now = () => new Date(clock.now().getTime() + ring.hoursAhead * 3_600_000);
  const serving = await serveStage(definition, { ...platform, bus, clock: { ...clock, now } });
  return ring;
}
