import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type BuildStarted, type BuildStatus, pipelines } from '@orgo/contracts';
import { type TestInstance, testInstance } from '@orgo/infra/test-servers';
import { createOrchestrator, orchestratorConfig } from '@orgo/orchestrator';
import { loadConfig } from '@orgo/runtime/config';
import { createHttp, type HttpServer } from '@orgo/runtime/http';
import { createLog, type Log } from '@orgo/runtime/log';
import { Keyring } from '@orgo/runtime/signer';
import { createTenant, keysDir } from '@orgo/runtime/trust';
import { connectPlatform } from '@orgo/store/platform';
import pg from 'pg';
import { type Peers, startPeers } from './orchestrator-peers.ts';

export const tenant = 'acme';
/** How long a test waits for what is bound to happen. */
export const soon = { timeout: 10_000 };
const token = 'a-token-of-the-test';
const quiet = createLog({ service: 'test', level: (process.env.TEST_LOG ?? 'silent') as 'silent' });

// biome-ignore lint/suspicious/noExplicitAny: tests say what shape they expect
type Answer = { status: number; body: any };
type Running = Awaited<ReturnType<typeof startOne>>;

/** One orchestrator process: its platform, its service, its own HTTP port. */
async function startOne(instance: TestInstance, settings: Record<string, string>, log: Log) {
  const platform = await connectPlatform(
    {
      name: 'test-orchestrator',
      home: instance.home,
      databaseUrl: instance.serviceUrls.orchestrator,
      natsUrl: instance.urls.NATS_URL,
      redisUrl: null,
      instance: 'test',
    },
    { keyring: Keyring.open(keysDir(instance.home)), log },
  );
  const service = createOrchestrator(platform, loadConfig(orchestratorConfig, settings));
  await service.start();
  const http: HttpServer = createHttp({ service: 'orchestrator', handlers: service.routes ?? {}, token, log });
  await http.listen(0);
  return {
    platform,
    service,
    http,
    async stop() {
      await http.close();
      await service.drain(5000);
      await service.stop();
      await platform.close();
    },
  };
}

export type Api = {
  instance: TestInstance;
  url: string;
  authorized: Record<string, string>;
  platform: Running['platform'];
  /** Rows of the orchestrator's schema, read as the admin. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what shape they expect
  rows<R = any>(sql: string, values?: unknown[]): Promise<R[]>;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Stores an echo request; every text is another subject. */
  request(text?: string): Promise<{ kind: string; ref: string; media_type: string; size: number }>;
  start(more?: {
    text?: string;
    rerun_of?: string | null;
    headers?: Record<string, string>;
    http?: HttpServer;
  }): Promise<Answer>;
  started(text?: string, headers?: Record<string, string>): Promise<BuildStarted>;
  status(build: string): Promise<BuildStatus>;
  /** The build once `holds`, by its event stream. */
  until(build: string, holds: (status: BuildStatus) => boolean): Promise<BuildStatus>;
  ended(build: string): Promise<BuildStatus>;
  /** Another process of the same service. */
  another(settings?: Record<string, string>): Promise<Running>;
  stop(): Promise<void>;
};

export type Orchestrator = Api & { peers: Peers };

/** An orchestrator among peers that are reduced to what it sees of them. */
export async function startOrchestrator(
  options: { adapter?: boolean; settings?: Record<string, string> } = {},
): Promise<Orchestrator> {
  const api = await startApi(options.settings);
  const { bus, keyring, trust } = api.platform;
  const peers = await startPeers({ bus, keyring, trust, tenant, ...options });
  const stop = async (): Promise<void> => {
    await peers.stop();
    await api.stop();
  };
  return { ...api, peers, stop };
}

/** An orchestrator by itself, over real servers, with its HTTP. */
export async function startApi(
  settings: Record<string, string> = {},
  { adapters = ['echo'], log = quiet }: { adapters?: string[]; log?: Log } = {},
): Promise<Api> {
  const instance = await testInstance(['nats']);
  await createTenant(instance.home, tenant, { adapters });
  const running = [await startOne(instance, settings, log)];
  const [{ platform, http }] = running as [Running];
  const admin = new pg.Pool({
    connectionString: instance.adminDatabaseUrl,
    options: '-c search_path=orchestrator',
    max: 2,
  });

  const callTo = async (
    server: HttpServer,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const answer = await fetch(`${server.url}/v1/tenants/${tenant}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  const orchestrator: Api = {
    instance,
    url: http.url,
    authorized: { authorization: `Bearer ${token}` },
    platform,
    rows: async (sql, values) => (await admin.query(sql, values)).rows,
    call: (method, path, body, headers) => callTo(http, method, path, body, headers),
    async request(text = randomUUID()) {
      const answer = await callTo(http, 'POST', '/artifacts', JSON.stringify({ text }), {
        'x-artifact-kind': 'echo-request',
        'content-type': 'application/json',
      });
      return answer.body;
    },
    async start({ text, rerun_of = null, headers = {}, http: server = http } = {}) {
      const trigger = { type: 'manual', actor: 'alice', reason: 'a test' };
      return callTo(
        server,
        'POST',
        '/builds',
        { pipeline: 'echo', inputs: [await orchestrator.request(text)], trigger, rerun_of },
        headers,
      );
    },
    async started(text, headers = {}) {
      const answer = await orchestrator.start({ headers, ...(text === undefined ? {} : { text }) });
      if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
      return answer.body as BuildStarted;
    },
    status: async (build) => (await callTo(http, 'GET', `/builds/${build}`)).body as BuildStatus,
    async until(build, holds) {
      for await (const status of statusesOf(`${http.url}/v1/tenants/${tenant}/builds/${build}/events`)) {
        if (holds(status)) return status;
      }
      throw new Error(`the events of ${build} ended before that`);
    },
    ended: (build) =>
      orchestrator.until(build, ({ status }) =>
        ['COMPLETED', 'VALIDATION_FAILED', 'FAILED', 'CANCELLED'].includes(status),
      ),
    async another(settings = {}) {
      const one = await startOne(instance, settings, log);
      running.push(one);
      return one;
    },
    async stop() {
      for (const one of running) await one.stop();
      await admin.end();
      await instance.stop();
    },
  };
  return orchestrator;
}

export const echoStages = pipelines.echo?.stages.map(({ stage }) => stage) ?? [];

/** The states in an event stream, over a connection of its own, which ends with the reader. */
async function* statusesOf(url: string): AsyncGenerator<BuildStatus> {
  const request = get(url, { agent: false, headers: { authorization: `Bearer ${token}` } });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  try {
    for await (const piece of answer.setEncoding('utf8') as AsyncIterable<string>) {
      const frames = (text + piece).split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const data = /^data: (.*)$/m.exec(frame)?.[1];
        if (data !== undefined) yield JSON.parse(data) as BuildStatus;
      }
    }
  } finally {
    request.destroy();
  }
}
