import { join } from 'node:path';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { connectBus, type Serving } from '@orgo/runtime/bus';
import { loadConfig } from '@orgo/runtime/config';
import { host, runProcess, type Service } from '@orgo/runtime/host';
import { openKeyring } from '@orgo/runtime/keyring';
import { createLog } from '@orgo/runtime/log';
import { startTelemetry } from '@orgo/runtime/telemetry';
import { keysDir, TrustStore, trustDir } from '@orgo/runtime/trust';
import { z } from 'zod';
import type { StageDefinition } from './define.ts';
import { type AdapterPlatform, serveStage } from './serve.ts';

/** Settings of an adapter process. */
export const adapterSettings = z.object({
  ORGO_HOME: z
    .string()
    .default('.orgo/home')
    .meta({ description: 'Instance home: keys, trust roots and artifacts', example: '.orgo/home' }),
  NATS_URL: z
    .string()
    .min(1)
    .meta({ description: 'NATS with JetStream', example: 'nats://127.0.0.1:4222', secret: true }),
  ORGO_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .meta({ description: 'How much is logged', example: 'info' }),
  ORGO_MAX_ARTIFACT_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_073_741_824)
    .meta({ description: 'Largest artifact', example: 1_073_741_824 }),
  ORGO_ACK_WAIT_MS: z.coerce.number().int().min(100).default(10_000).meta({
    description:
      'How long a command that was taken may stay unanswered before another process gets it; the same in all processes of an adapter',
    example: 10_000,
  }),
  ORGO_ANSWER_WAIT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(10_000)
    .meta({ description: 'How long a reply waits for its answer before it is sent again', example: 10_000 }),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .optional()
    .meta({ description: 'Where spans are sent, OTLP over HTTP', example: 'http://127.0.0.1:4318' }),
});

/** An adapter as a part that a process hosts. It is ready while its server can be reached. */
export function createAdapter(definition: StageDefinition, platform: AdapterPlatform): Service {
  let serving: Serving | undefined;
  return {
    name: `adapter-${definition.adapter}`,
    async start() {
      serving = await serveStage(definition, platform);
    },
    ready: () => serving !== undefined && platform.bus.isConnected(),
    async drain(deadlineMs) {
      await serving?.stop(deadlineMs);
      serving = undefined;
    },
    async stop() {
      await serving?.stop(0);
      serving = undefined;
    },
  };
}

/** Body of an adapter's entry: settings → connections → serve, until a signal. Several definitions share one process. */
export function runAdapter(
  definitions: StageDefinition | readonly StageDefinition[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const all = Array.isArray(definitions)
    ? (definitions as readonly StageDefinition[])
    : [definitions as StageDefinition];
  const service = `adapter-${all.map(({ adapter }) => adapter).join('+')}`;
  return runProcess(async (opened) => {
    const config = loadConfig(adapterSettings, env);
    const log = createLog({ service, level: config.ORGO_LOG_LEVEL });
    const telemetry = await startTelemetry({ service, endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT });
    opened(() => telemetry.shutdown());
    const bus = await connectBus({ url: config.NATS_URL, name: service, log, ackWaitMs: config.ORGO_ACK_WAIT_MS });
    opened(() => bus.close());
    const trust = TrustStore.open(trustDir(config.ORGO_HOME));
    const platform: AdapterPlatform = {
      bus,
      log,
      artifacts: fileArtifacts(join(config.ORGO_HOME, 'artifacts'), { maxBytes: config.ORGO_MAX_ARTIFACT_BYTES }),
      keyring: openKeyring(keysDir(config.ORGO_HOME), trust),
      trust,
      answerWaitMs: config.ORGO_ANSWER_WAIT_MS,
    };
    const adapters = all.map((definition) => createAdapter(definition, platform));
    const running = await host(adapters, { log });
    opened(() => running.stop());
  });
}
