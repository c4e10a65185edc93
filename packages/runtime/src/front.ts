import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type Route, routes } from '@orgo/contracts';
import { Fault, Refused } from './errors.ts';
import { type HttpServer, healthPages, type Page } from './http.ts';
import { problemHeaders, problemOf } from './http-problem.ts';
import type { Log } from './log.ts';

export type FrontOptions = {
  /** Where each service answers. */
  services: Readonly<Record<Route['service'], string>>;
  log: Log;
  ready?: () => boolean;
  pages?: Readonly<Record<string, Page>>;
};

/** How long running answers may go on once the front is told to close. */
const graceMs = 2000;

type Target = { method: string; path: RegExp; service: Route['service'] };

/** Headers that belong to one connection and are not passed on (RFC 9110 section 7.6.1). */
const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const passedOn = (headers: IncomingMessage['headers']): http.OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name)));

const pattern = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replace(/[.]/g, '\\.')
      .replace(/\/\*$/, '/.*')
      .replace(/:[a-z]+/g, '[^/]+')}$`,
  );

const targets: readonly Target[] = Object.values(routes).map((route) => ({
  method: route.method,
  path: pattern(route.path),
  service: route.service,
}));

const sendProblem = (response: ServerResponse, error: unknown): void => {
  const problem = problemOf(error, null);
  response.writeHead(problem.status, problemHeaders(problem)).end(JSON.stringify(problem));
};

/**
 * One origin for all services: sends each request to the service the routes table names and streams both ways, event streams included.
 * It reads no body and holds no token. A service that does not answer is a fault, `SERVICE_UNAVAILABLE`.
 */
export function createFront(options: FrontOptions): HttpServer {
  const { log, ready = () => true } = options;
  const pages = { ...healthPages(ready), ...options.pages };
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 32 });
  let url = '';

  const forward = (service: Route['service'], request: IncomingMessage, response: ServerResponse): Promise<void> =>
    new Promise((resolve) => {
      const target = new URL(request.url ?? '/', options.services[service]);
      const unanswered = (cause: unknown): void => {
        resolve();
        if (response.destroyed) return;
        log.warn({ err: cause, part: service }, 'service does not answer');
        if (response.headersSent) response.destroy();
        else sendProblem(response, new Fault('SERVICE_UNAVAILABLE', `${service} does not answer`));
      };
      const upstream = http.request(target, { method: request.method, headers: passedOn(request.headers), agent });
      upstream.on('error', unanswered);
      upstream.once('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, passedOn(answer.headers));
        // Events must not wait for a buffer to fill.
        response.flushHeaders();
        pipeline(answer, response)
          .catch(() => response.destroy())
          .finally(resolve);
      });
      response.once('close', () => upstream.destroy());
      request.pipe(upstream);
    });

  const server = http.createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const page = request.method === 'GET' && Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page !== undefined) {
      const { status = 200, media_type, body } = page();
      response.writeHead(status, { 'content-type': media_type }).end(body);
      return;
    }
    const target = targets.find((each) => each.method === request.method && each.path.test(path));
    if (target === undefined) sendProblem(response, new Refused('ROUTE_NOT_FOUND', `${request.method} ${path}`));
    else void forward(target.service, request, response);
  });

  return {
    get url() {
      return url;
    },
    listen(port, host = '127.0.0.1') {
      return new Promise((resolve, reject) => {
        server.once('error', (cause) => reject(new Fault('SERVICE_UNAVAILABLE', { cause })));
        server.listen(port, host, () => {
          url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
          resolve(url);
        });
      });
    },
    close() {
      return new Promise((resolve) => {
        const late = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(late);
          agent.destroy();
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}
