import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { codeOf } from './errors.ts';

/** What a build is found by. On every span: a search in Jaeger matches tags within one span. */
export type SpanAttributes = Attributes & { build_id?: string; tenant_id?: string; stage?: string; attempt?: number };

export type SpanOptions = {
  /** W3C trace context of the span that caused this one, from the message. */
  traceparent?: string | null;
  /** A span of this process; wins over `traceparent`. */
  parent?: Span;
  /** Trace contexts of what has to do with this span and is in another trace. */
  links?: readonly (string | null | undefined)[];
  attributes?: SpanAttributes;
};

export type Telemetry = { flush(): Promise<void>; shutdown(): Promise<void> };

/** Set while an exporter runs; spans cost nothing otherwise. */
let tracerOf: ((service: string) => Tracer) | undefined;

const inherited = createContextKey('orgo.attributes');
const shape = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

const spanContextOf = (traceparent: string | null | undefined): SpanContext | undefined => {
  const [, traceId, spanId, flags] = shape.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
};

/** Trace context to send with what a span causes; null when there is no trace. Without an exporter the parent's is passed on. */
export const traceparentOf = (span: Span): string | null => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return traceId === INVALID_SPAN_CONTEXT.traceId
    ? null
    : `00-${traceId}-${spanId}-${(traceFlags & 1) === 1 ? '01' : '00'}`;
};

/** Id of the trace a span is in; null when there is none. */
export const traceIdOf = (span: Span): string | null => traceparentOf(span)?.slice(3, 35) ?? null;

/**
 * How the work that a person's request asks for is traced: in the trace of what it is about, whose waiting for people is nobody's child, with a link
 * to the request. What has no trace goes on in the request's.
 */
export const askedOf = (
  { traceparent }: { traceparent: string | null },
  request: string | null,
): { traceparent: string | null; link: string | null } =>
  traceparent === null ? { traceparent: request, link: null } : { traceparent, link: request };

const parentContext = ({ parent, traceparent }: SpanOptions): Context => {
  if (parent !== undefined) return trace.setSpan(context.active(), parent);
  const remote = spanContextOf(traceparent);
  if (remote !== undefined) return trace.setSpanContext(context.active(), remote);
  return context.active();
};

/** `gatekeeper.decide` is of service `orgo-gatekeeper`, whichever process it runs in. */
const serviceOf = (name: string): string => `orgo-${name.split('.', 1)[0]}`;

/**
 * Starts a span that the caller ends with `endSpan`; for items that share one transaction. Names are `<service>.<verb>`.
 * Attributes of an enclosing `withSpan` are inherited.
 */
export function startSpan(name: string, options: SpanOptions = {}): Span {
  const from = parentContext(options);
  if (tracerOf === undefined) return trace.getSpan(from) ?? trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  const attributes = { ...(from.getValue(inherited) as SpanAttributes | undefined), ...options.attributes };
  const links = (options.links ?? []).flatMap((link) => {
    const linked = spanContextOf(link);
    return linked === undefined ? [] : [{ context: linked }];
  });
  return tracerOf(serviceOf(name)).startSpan(name, { attributes, links }, from);
}

/** Ends a span; a failure is marked with its reason code. */
export function endSpan(span: Span, error?: unknown): void {
  if (tracerOf === undefined) return;
  if (error !== undefined) {
    const code = codeOf(error);
    span.setAttribute('reason_code', code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  }
  span.end();
}

/**
 * Runs `fn` inside a span: log lines carry its ids, spans started inside are its children and inherit its attributes. Ends the span when `fn`
 * is done, marked with the reason code when it throws.
 */
export async function withSpan<T>(name: string, options: SpanOptions, fn: (span: Span) => Promise<T>): Promise<T> {
  const span = startSpan(name, options);
  if (tracerOf === undefined) return fn(span);
  const active = context.active();
  const attributes = { ...(active.getValue(inherited) as SpanAttributes | undefined), ...options.attributes };
  try {
    const result = await context.with(trace.setSpan(active.setValue(inherited, attributes), span), () => fn(span));
    endSpan(span);
    return result;
  } catch (error) {
    endSpan(span, error);
    throw error;
  }
}

/**
 * Starts exporting spans as OTLP protobuf over HTTP to `<endpoint>/v1/traces`. Without an endpoint nothing is loaded and spans cost nothing; trace
 * context is then passed on as it came. `service` names the process as `service.instance.id`; each span's own service follows from its name.
 * A collector that is away loses spans and nothing else.
 */
export async function startTelemetry(options: { service: string; endpoint?: string | undefined }): Promise<Telemetry> {
  const { service, endpoint } = options;
  if (endpoint === undefined || endpoint === '')
    return { flush: async () => undefined, shutdown: async () => undefined };
  const [
    { AsyncLocalStorageContextManager },
    { OTLPTraceExporter },
    { resourceFromAttributes },
    { BatchSpanProcessor, TracerProvider },
  ] = await Promise.all([
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace'),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: 1000,
    maxQueueSize: 16_384,
    maxExportBatchSize: 1024,
  });
  const tracers = new Map<string, Tracer>();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  tracerOf = (name) => {
    let tracer = tracers.get(name);
    if (tracer === undefined) {
      const resource = resourceFromAttributes({ 'service.name': name, 'service.instance.id': service });
      tracer = new TracerProvider({ resource, spanProcessors: [processor] }).getTracer('orgo');
      tracers.set(name, tracer);
    }
    return tracer;
  };
  return {
    flush: () => processor.forceFlush(),
    async shutdown() {
      tracerOf = undefined;
      await processor.shutdown();
      context.disable();
    },
  };
}
