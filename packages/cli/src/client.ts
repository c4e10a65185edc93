import { type OperationId, type Problem, type Route, routes } from '@orgo/contracts';
import { CliError } from './cli-error.ts';
import type { Instance } from './home.ts';

type Call = {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/**
 * The HTTP API, called by operation id from the routes table. A problem document becomes a CliError with its code; no answer, or one that
 * Orgo does not give, is `INSTANCE_NOT_RUNNING`, and one that breaks off is `SERVICE_UNAVAILABLE`. Retrying is the caller's.
 */
export type Client = {
  tenant: string;
  api: string;
  call<T>(operation: OperationId, call?: Call): Promise<T>;
  bytes(operation: OperationId, call?: Call): Promise<Uint8Array>;
  /** Server-sent events, one parsed `data` each, until the server or the signal ends them. */
  events<T>(operation: OperationId, call?: Call): AsyncGenerator<T>;
};

export function createClient(instance: Instance): Client {
  const url = (route: Route, call: Call): string => {
    const params: Record<string, string> = { tenant: instance.tenant, ...call.params };
    const path = route.path
      .replace(/:(\w+)/g, (_, name: string) => {
        // An empty word would lead to another address.
        if (!params[name]) throw new CliError('USAGE_INVALID', `the ${name} is empty`);
        return encodeURIComponent(params[name]);
      })
      .replace('*', params['*'] ?? '');
    const query = new URLSearchParams(call.query ?? {}).toString();
    return `${instance.api}${path}${query ? `?${query}` : ''}`;
  };
  const send = async (operation: OperationId, call: Call, accept: string): Promise<Response> => {
    const route: Route = routes[operation];
    const raw = route.request === 'bytes';
    const headers: Record<string, string> = { authorization: `Bearer ${instance.token}`, accept, ...call.headers };
    if (call.body !== undefined && !raw) headers['content-type'] = 'application/json';
    const init: RequestInit & { duplex?: 'half' } = { method: route.method, headers };
    if (call.body !== undefined)
      init.body = (raw ? call.body : JSON.stringify(call.body)) as NonNullable<RequestInit['body']>;
    if (raw) init.duplex = 'half';
    if (call.signal) init.signal = call.signal;
    const address = url(route, call);
    let response: Response;
    try {
      response = await fetch(address, init);
    } catch (e) {
      if (call.signal?.aborted) throw e;
      throw new CliError('INSTANCE_NOT_RUNNING', `no answer from ${instance.api}`);
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => null)) as Problem | null;
    if (typeof problem?.code !== 'string') throw strange(`HTTP ${response.status} without a code from ${route.path}`);
    throw new CliError(problem.code, problem.detail, problem.help);
  };
  const strange = (what: string): CliError =>
    new CliError('INSTANCE_NOT_RUNNING', `${instance.api} does not answer as Orgo does: ${what}`);
  /** Reads an answer to its end. */
  const read = async (operation: OperationId, call: Call, accept: string): Promise<Uint8Array> => {
    const response = await send(operation, call, accept);
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (e) {
      if (call.signal?.aborted) throw e;
      throw new CliError('SERVICE_UNAVAILABLE', `the answer of ${instance.api} broke off`);
    }
  };
  return {
    tenant: instance.tenant,
    api: instance.api,
    async call<T>(operation: OperationId, call: Call = {}) {
      const text = Buffer.from(await read(operation, call, 'application/json')).toString('utf8');
      try {
        return JSON.parse(text) as T;
      } catch {
        throw strange(`no JSON from ${routes[operation].path}`);
      }
    },
    bytes: (operation, call = {}) => read(operation, call, '*/*'),
    async *events<T>(operation: OperationId, call: Call = {}) {
      const response = await send(operation, call, 'text/event-stream');
      let rest = '';
      for await (const chunk of textOf(response, instance.api, call.signal)) {
        rest += chunk;
        for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
          const data = rest
            .slice(0, end)
            .split('\n')
            .filter((l) => l.startsWith('data:'))
            .map((l) => l.slice(5).trimStart())
            .join('\n');
          rest = rest.slice(end + 2);
          if (data) yield JSON.parse(data) as T;
        }
      }
    },
  };
}

/** The text of an answer as it comes; a connection that breaks is a fault. */
async function* textOf(response: Response, api: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  try {
    yield* (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream());
  } catch (e) {
    throw signal?.aborted ? e : new CliError('INSTANCE_NOT_RUNNING', `the feed of ${api} broke off`);
  }
}
