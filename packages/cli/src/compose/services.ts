import path from 'node:path';
import { auditConfig, createAudit } from '@orgo/audit';
import { createGatekeeper, gatekeeperConfig } from '@orgo/gatekeeper';
import { createOrchestrator, orchestratorConfig } from '@orgo/orchestrator';
import { createRelease, releaseConfig } from '@orgo/release';
import { loadConfig } from '@orgo/runtime/config';
import { codeOf } from '@orgo/runtime/errors';
import { host, type Service } from '@orgo/runtime/host';
import { createHttp, type HttpServer } from '@orgo/runtime/http';
import { createLog, type Log } from '@orgo/runtime/log';
import { type Opened, openings } from '@orgo/runtime/openings';
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

type HostOptions = {
  home: string;
  instance: string;
  token: string;
  databaseUrls: Record<ServiceName, string>;
  natsUrl: string;
  redisUrl: string;
};

/**
 * All four services in this process, each with its own database role and its own HTTP. The same code as in processes of their own. Where one cannot be
 * started nothing of them stays open.
 */
export async function hostServices(options: HostOptions): Promise<HostedServices> {
  const config = loadConfig(commonConfig, process.env);
  const log = createLog({
    service: 'orgo',
    level: config.ORGO_LOG_LEVEL,
    destination: pino.destination({ dest: path.join(options.home, 'logs', 'services.log'), mkdir: true, sync: true }),
  });
  const { opened, close } = openings((err) => log.error({ err, code: codeOf(err) }, 'not closed'));
  try {
    return { ...(await openServices(options, { config, log, opened })), stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openServices(
  options: HostOptions,
  { config, log, opened }: { config: (typeof commonConfig)['_output']; log: Log; opened: Opened },
): Promise<Pick<HostedServices, 'urls' | 'ready'>> {
  const { home, instance, token, databaseUrls, natsUrl, redisUrl } = options;
  const telemetry = await startTelemetry({ service: 'orgo', endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT });
  opened(() => telemetry.shutdown());
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
  opened(() => platform.close());
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
  opened(() => running.stop());
  const https = new Map<ServiceName, HttpServer>();
  opened(() => Promise.all([...https.values()].map((http) => http.close())));
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
  return { urls, ready: running.ready };
}
