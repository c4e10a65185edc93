import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { Span } from '@opentelemetry/api';
import { type OperationId, type Route, routes } from '@orgo/contracts';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { codeOf, Fault, Refused } from './errors.ts';
import { type ServerEvent, sendEvents } from './http-events.ts';
import { problemHeaders, problemOf } from './http-problem.ts';
import { checkBody, checkParams, limited, readJson, tokenCheck, tooLarge } from './http-request.ts';
import type { Log } from './log.ts';
import { traceIdOf, withSpan } from './telemetry.ts';

export type { ServerEvent } from './http-events.ts';
export { collect } from './http-request.ts';

/** Raw bytes as an answer. `size` where it is known, so that a client sees a truncated answer. */
export type BytesAnswer = {
  bytes: Uint8Array | AsyncIterable<Uint8Array>;
  media_type: string;
  size?: number;
  headers?: Readonly<Record<string, string>>;
};

export type HttpRequest = {
  /** Path parameters, already of their shape; `*` is the rest of the path. */
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  /** What the route's request schema gave; undefined where it has none. */
  body: unknown;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Who asks: `operator` with the home's token, `anonymous` on open routes. */
  principal: 'operator' | 'anonymous';
  /** Given when the client is gone or the server stops. */
  signal: AbortSignal;
  /** Raw body of a `bytes` route: bounded, read once. */
  stream: AsyncIterable<Uint8Array>;
  span: Span;
};

/**
 * Answers one operation: a JSON value, `BytesAnswer` on `bytes` routes, an async iterable of `ServerEvent` on `stream` routes, anything on `empty`.
 * Refusals and faults are thrown (`Refused`, `Fault`, `Breach`) and become problem documents.
 */
export type Handler = (request: HttpRequest) => Promise<unknown>;
export type Handlers = Partial<Record<OperationId, Handler>>;

/** A page beside the API: health, documents, metrics. Open to everybody on the port. */
export type Page = () => { status?: number; media_type: string; body: string };

export type HttpServer = {
  /** Address, once it listens. */
  readonly url: string;
  /** Binds; port 0 takes a free one. Answers the address. @throws Fault SERVICE_UNAVAILABLE when the port is taken. */
  listen(port: number, host?: string): Promise<string>;
  /** Takes no new request, lets running ones end (event streams are ended), then lets go of the port. Idempotent. */
  close(): Promise<void>;
};

export type HttpOptions = {
  /** Name in spans, `<service>.http`. */
  service: string;
  handlers: Handlers;
  /** The bearer token every route but the open ones needs. */
  token: string;
  log: Log;
  ready?: () => boolean;
  pages?: Readonly<Record<string, Page>>;
  /** Largest raw body. */
  maxUploadBytes?: number;
};

/** How long running answers may go on once the server is told to close. */
const graceMs = 2000;

/** How much of a refused body is still read. */
const politeBytes = 64 * 1024 * 1024;

const jsonPage = (status: number, value: object): ReturnType<Page> => ({
  status,
  media_type: 'application/json',
  body: JSON.stringify(value),
});

/** `/healthz` and `/readyz`. */
export const healthPages = (ready: () => boolean): Record<string, Page> => ({
  '/healthz': () => jsonPage(200, { status: 'ok' }),
  '/readyz': () => (ready() ? jsonPage(200, { status: 'ready' }) : jsonPage(503, { status: 'not ready' })),
});

/** As bytes, so that no charset is added: JSON has none (RFC 8259 section 11). */
const jsonBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const sendProblem = (reply: FastifyReply, error: unknown, traceId: string | null): FastifyReply => {
  const problem = problemOf(error, traceId);
  return reply.code(problem.status).headers(problemHeaders(problem)).send(jsonBytes(problem));
};

const sendBytes = (reply: FastifyReply, route: Route, answer: BytesAnswer): FastifyReply => {
  const { bytes, media_type, headers = {} } = answer;
  const size = answer.size ?? (bytes instanceof Uint8Array ? bytes.length : undefined);
  if (size !== undefined) reply.header('content-length', size);
  reply
    .code(route.status)
    .headers({ 'x-content-type-options': 'nosniff', ...headers })
    .type(media_type);
  return reply.send(
    bytes instanceof Uint8Array ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : Readable.from(bytes),
  );
};

const stringsOf = (query: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query as Record<string, unknown>).map(([name, value]) => [
      name,
      String(Array.isArray(value) ? value[0] : value),
    ]),
  );

/** Builds a server for the operations it is given handlers for; paths, bodies and statuses come from the routes table. */
export function createHttp(options: HttpOptions): HttpServer {
  const { service, handlers, log, ready = () => true, maxUploadBytes = 1_073_741_824 } = options;
  const checkToken = tokenCheck(options.token);
  const stopping = new AbortController();
  const app = fastify({
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
  });
  let url = '';

  const fail = (request: FastifyRequest, reply: FastifyReply, error: unknown, traceId: string | null): FastifyReply => {
    const status = (error as { statusCode?: number }).statusCode;
    const known =
      codeOf(error) === 'INTERNAL_ERROR' && status !== undefined && status < 500
        ? new Refused(status === 413 ? 'JSON_TOO_LARGE' : 'REQUEST_INVALID', (error as Error).message)
        : error;
    if (codeOf(known) === 'INTERNAL_ERROR')
      log.error({ err: error, route: request.routeOptions.url }, 'request failed');
    // What is left of a refused body is read where it is little, since closing on it would take the answer away from who still writes.
    const little = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= politeBytes;
    if (little) reply.removeHeader('connection');
    if (little) request.raw.resume();
    else if (!request.raw.complete) reply.header('connection', 'close');
    return sendProblem(reply, known, traceId);
  };

  const answer = async (
    route: Route,
    handler: Handler,
    request: FastifyRequest,
    reply: FastifyReply,
    span: Span,
  ): Promise<FastifyReply> => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    const params = request.params as Record<string, string>;
    checkParams(params);
    const length = Number(request.headers['content-length'] ?? 0);
    if (route.request === 'bytes' && length > maxUploadBytes) throw tooLarge(maxUploadBytes);
    const result = await handler({
      params,
      query: stringsOf(request.query),
      body: checkBody(route, request.body),
      headers: request.headers,
      principal: route.open ? 'anonymous' : 'operator',
      signal,
      stream: limited(request.raw, maxUploadBytes),
      span,
    });
    if (route.response === 'stream') {
      reply.hijack();
      await sendEvents(reply.raw, result as AsyncIterable<ServerEvent>, signal);
      return reply;
    }
    if (route.response === 'bytes') return sendBytes(reply, route, result as BytesAnswer);
    if (route.response === 'empty') return reply.code(route.status).send();
    return reply.code(route.status).type('application/json').send(jsonBytes(result));
  };

  const add = (app: FastifyInstance, route: Route, handler: Handler): void => {
    app.route({
      method: route.method,
      url: route.path,
      onRequest: async (request) => {
        if (!route.open) checkToken(request.headers.authorization);
      },
      handler: (request, reply) => {
        const { tenant = '', build } = request.params as Record<string, string>;
        const traceparent = request.headers.traceparent;
        const attributes = {
          tenant_id: tenant,
          ...(build !== undefined && { build_id: build }),
          'http.request.method': route.method,
          'http.route': route.path,
        };
        return withSpan(
          `${service}.http`,
          { traceparent: typeof traceparent === 'string' ? traceparent : null, attributes },
          (span) =>
            answer(route, handler, request, reply, span).catch((error) => fail(request, reply, error, traceIdOf(span))),
        );
      },
    });
  };

  const own = Object.entries(handlers).map(([id, handler]) => ({ route: routes[id as OperationId] as Route, handler }));
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_: FastifyRequest, body: Buffer) =>
      body.length === 0 ? undefined : readJson(body),
    );
    for (const { route, handler } of own) if (route.request !== 'bytes') add(scope, route, handler);
  });
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { bodyLimit: Number.MAX_SAFE_INTEGER }, async () => undefined);
    for (const { route, handler } of own) if (route.request === 'bytes') add(scope, route, handler);
  });
  for (const [path, page] of Object.entries({ ...healthPages(ready), ...options.pages })) {
    app.get(path, async (_, reply) => {
      const { status = 200, media_type, body } = page();
      return reply.code(status).type(media_type).send(body);
    });
  }
  app.setErrorHandler((error, request, reply) => fail(request, reply, error, null));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, new Refused('ROUTE_NOT_FOUND', `${request.method} ${request.url.split('?', 1)[0]}`), null),
  );

  return {
    get url() {
      return url;
    },
    async listen(port, host = '127.0.0.1') {
      await app.listen({ port, host }).catch((cause) => {
        throw new Fault('SERVICE_UNAVAILABLE', { cause });
      });
      const { port: bound } = app.server.address() as AddressInfo;
      url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
      return url;
    },
    async close() {
      stopping.abort();
      // A client that left an event stream early may leave a connection that never counts as idle.
      const late = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(late);
    },
  };
}
