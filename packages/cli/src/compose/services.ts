import path from 'node:path';
import { auditConfig, createAudit } from '@orgo/audit';
import { createGatekeeper, gatekeeperConfig } from '@orgo/gatekeeper';
import { createOrchestrator, orchestratorConfig } from '@orgo/orchestrator';
import { createRelease, releaseConfig } from '@orgo/release';
import { loadConfig } from '@orgo/runtime/config';
import { host, type Service } from '@orgo/runtime/host';
import { createHttp, type HttpServer } from '@orgo/runtime/http';
import { createLog } from '@orgo/runtime/log';
import { startTelemetry } from '@orgo/runtime/telemetry';
import { connectPlatform } from '@orgo/store/platform';
import { processConfig } from '@orgo/store/process';
import { pino } from 'pino';
import type { ServiceName } from './processes.ts';

/** What the operator may set for services that share a process; the rest is this instance's own. */
const commonConfig = processConfig.pick({
  ORGO_LOG_LEVEL: true,
  ORGO_MAX_ARTIFACT_BYTES: true,
  ORGO_ANSWER_WAIT_MS: true,
  OTEL_EXPORTER_OTLP_ENDPOINT: true,
});

export type HostedServices = { urls: Record<ServiceName, string>; ready(): boolean; stop(): Promise<void> };

/** All four services in this process, each with its own database role and its own HTTP. The same code as in processes of their own. */
export async function hostServices(options: {
  home: string;
  instance: string;
  token: string;
  databaseUrls: Record<ServiceName, string>;
  natsUrl: string;
  redisUrl: string;
}): Promise<HostedServices> {
  const { home, instance, token, databaseUrls, natsUrl, redisUrl } = options;
  const config = loadConfig(commonConfig, process.env);
  const log = createLog({
    service: 'orgo',
    level: config.ORGO_LOG_LEVEL,
    destination: pino.destination({ dest: path.join(home, 'logs', 'services.log'), mkdir: true, sync: true }),
  });
  const telemetry = await startTelemetry({ service: 'orgo', endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT });
  const platform = await connectPlatform(
    {
      name: 'orgo',
      home,
      databaseUrl: databaseUrls.audit,
      natsUrl,
      redisUrl,
      instance,
      maxArtifactBytes: config.ORGO_MAX_ARTIFACT_BYTES,
    },
    { log },
  );
  const of = (name: ServiceName) => ({
    ...platform,
    pace: { requestTimeoutMs: config.ORGO_ANSWER_WAIT_MS },
    home,
    log: log.child({ service: name }),
    databaseUrl: databaseUrls[name],
  });
  const services: Record<ServiceName, Service> = {
    audit: createAudit(of('audit'), loadConfig(auditConfig, process.env)),
    gatekeeper: createGatekeeper(of('gatekeeper'), loadConfig(gatekeeperConfig, process.env)),
    orchestrator: createOrchestrator(of('orchestrator'), loadConfig(orchestratorConfig, process.env)),
    release: createRelease(of('release'), loadConfig(releaseConfig, process.env)),
  };
  const running = await host(Object.values(services), { log });
  const https = new Map<ServiceName, HttpServer>();
  const urls = {} as Record<ServiceName, string>;
  for (const [name, service] of Object.entries(services) as [ServiceName, Service][]) {
    const http = createHttp({
      service: name,
      handlers: service.routes ?? {},
      token,
      log,
      ready: running.ready,
      maxUploadBytes: config.ORGO_MAX_ARTIFACT_BYTES,
    });
    https.set(name, http);
    urls[name] = await http.listen(0);
  }
  return {
    urls,
    ready: running.ready,
    async stop() {
      await Promise.all([...https.values()].map((http) => http.close()));
      await running.stop();
      await platform.close();
      await telemetry.shutdown();
    },
  };
}
