import { loadConfig } from '@orgo/runtime/config';
import { host, runProcess, type Service } from '@orgo/runtime/host';
import { createHttp } from '@orgo/runtime/http';
import { createLog } from '@orgo/runtime/log';
import { startTelemetry } from '@orgo/runtime/telemetry';
import { z } from 'zod';
import { connectPlatform, type Platform } from './platform.ts';

const setting = (description: string, example: string, secret = false) => ({ description, example, secret });

/** Settings that every service process has. `orgo up` sets them; in production the operator does. */
export const processConfig = z.object({
  ORGO_HOME: z.string().min(1).meta(setting('Folder with keys, trust, artifacts and checkpoints', '/var/lib/orgo')),
  ORGO_INSTANCE: z.string().min(1).default('local').meta(setting('Name of this installation', 'a1b2c3d4')),
  DATABASE_URL: z
    .url()
    .meta(setting('PostgreSQL, with the service’s own role', 'postgresql://orgo_audit:…@db/orgo', true)),
  NATS_URL: z.url().meta(setting('NATS with JetStream', 'nats://nats:4222', true)),
  REDIS_URL: z
    .url()
    .optional()
    .meta(setting('Redis for early wake-ups; without it the sweep alone fires alarms', 'redis://redis:6379', true)),
  ORGO_HTTP_HOST: z.string().default('127.0.0.1').meta(setting('Address the service’s HTTP listens on', '0.0.0.0')),
  ORGO_HTTP_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(0)
    .meta(setting('Port of the service’s HTTP; 0 takes a free one', '8081')),
  ORGO_TOKEN: z
    .string()
    .min(16)
    .meta(setting('Bearer token of the API', '…', true)),
  ORGO_MAX_ARTIFACT_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_073_741_824)
    .meta(setting('Largest artifact', '1073741824')),
  ORGO_ANSWER_WAIT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(10_000)
    .meta(setting('How long a message to another service waits for its answer before it is sent again', '10000')),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .optional()
    .meta(setting('Where spans go, OTLP over HTTP', 'http://127.0.0.1:4318')),
  ORGO_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .meta(setting('Least level that is logged', 'info')),
});

/**
 * Runs one service as its own process: settings, telemetry, clients, the service, its HTTP; until SIGTERM, then in reverse.
 * Any number of replicas may run beside each other. Never returns before the process is to end; exit status as the reason code's row.
 */
export function serviceProcess<Schema extends z.ZodObject>(
  name: string,
  schema: Schema,
  create: (platform: Platform & { home: string }, config: z.output<Schema>) => Service,
): Promise<void> {
  return runProcess(async (opened) => {
    const common = loadConfig(processConfig, process.env);
    const own = loadConfig(schema, process.env);
    const log = createLog({ service: name, level: common.ORGO_LOG_LEVEL });
    const telemetry = await startTelemetry({ service: name, endpoint: common.OTEL_EXPORTER_OTLP_ENDPOINT });
    opened(() => telemetry.shutdown());
    const platform = await connectPlatform(
      {
        name,
        home: common.ORGO_HOME,
        databaseUrl: common.DATABASE_URL,
        natsUrl: common.NATS_URL,
        redisUrl: common.REDIS_URL ?? null,
        instance: common.ORGO_INSTANCE,
        maxArtifactBytes: common.ORGO_MAX_ARTIFACT_BYTES,
      },
      { log },
    );
    opened(() => platform.close());
    const pace = { requestTimeoutMs: common.ORGO_ANSWER_WAIT_MS };
    const service = create({ ...platform, pace, home: common.ORGO_HOME }, own);
    const running = await host([service], { log });
    opened(() => running.stop());
    const http = createHttp({
      service: name,
      handlers: service.routes ?? {},
      token: common.ORGO_TOKEN,
      log,
      ready: running.ready,
      maxUploadBytes: common.ORGO_MAX_ARTIFACT_BYTES,
    });
    opened(() => http.close());
    log.info({ url: await http.listen(common.ORGO_HTTP_PORT, common.ORGO_HTTP_HOST) }, 'listening');
  });
}
