import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';

export type Log = Logger;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

const secrets = ['token', 'password', 'secret', 'authorization', 'cookie', 'private', 'd', 'jwk'];

/** Where a secret may stand: on the line itself, or one object deep (headers, config). */
const redacted = secrets.flatMap((name) => [name, `*.${name}`]);

/** The credentials of a URL are a secret wherever the URL is printed. */
const withoutCredentials = (url: unknown): unknown =>
  typeof url === 'string' ? url.replace(/(\w+:\/\/)[^/@\s]*@/g, '$1') : url;

const traceIds = (): Record<string, string> => {
  const context = trace.getActiveSpan()?.spanContext();
  return context !== undefined && isSpanContextValid(context)
    ? { trace_id: context.traceId, span_id: context.spanId }
    : {};
};

/**
 * JSON lines with the ids of the active span, secrets redacted. On standard error by default, because standard output
 * belongs to a program's result. An error logged as `err` keeps its reason code.
 */
export function createLog(options: { service: string; level?: LogLevel; destination?: DestinationStream }): Log {
  return pino(
    {
      base: { service: options.service },
      level: options.level ?? 'info',
      mixin: traceIds,
      redact: { paths: redacted, censor: '[redacted]' },
      serializers: { err: stdSerializers.errWithCause, url: withoutCredentials },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
