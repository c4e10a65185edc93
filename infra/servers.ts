// Starts PostgreSQL, NATS and Redis for one instance home, each unless its URL is given, and stops what it started.
import fs from 'node:fs';
import path from 'node:path';
import { stopIdentified } from './process-identity.mjs';
import { type Guard, startGuard } from './servers/guard.ts';
import { type Home, openHome, type ServerName } from './servers/home.ts';
import { natsSpec, natsUrlOf } from './servers/nats.ts';
import { freePort } from './servers/ports.ts';
import { postgresSpec } from './servers/postgres.ts';
import { redisSpec } from './servers/redis.ts';
import { type ServerProcess, startServer } from './servers/server-process.ts';

export { InfraFailure } from './failure.mjs';
export type { ServerName } from './servers/home.ts';

const SERVERS = {
  postgres: { variable: 'DATABASE_URL', spec: postgresSpec },
  nats: { variable: 'NATS_URL', spec: natsSpec },
  redis: { variable: 'REDIS_URL', spec: redisSpec },
} as const;

/** How often a server is given another port when the one that was free is not free any more. */
const PORT_ATTEMPTS = 3;

export interface StartOptions {
  /** The instance home: held by this process until `stop`, made when absent. */
  readonly home: string;
  /** Which servers are wanted; default all three. */
  readonly need?: readonly ServerName[];
  /** Where settings are looked up; DATABASE_URL, NATS_URL and REDIS_URL each replace a server. Default process.env. */
  readonly env?: NodeJS.ProcessEnv;
  /** Adapters that get a user of their own at an embedded NATS. */
  readonly adapters?: readonly string[];
  /** A server ended that nobody here stopped. */
  readonly onUnexpectedEnd?: (name: ServerName) => void;
}

export interface Servers {
  /** Only what was needed is present as something other than an empty text. */
  readonly urls: { readonly DATABASE_URL: string; readonly NATS_URL: string; readonly REDIS_URL: string };
  /**
   * NATS_URL for one process: of a service, `adapter-<name>`, or `services` and `adapters` for all of a kind in one. At a server that was given it is
   * NATS_URL itself.
   */
  natsUrl(user: string): string;
  /** A role that may create roles, schemas and databases; the same server as DATABASE_URL. */
  readonly adminDatabaseUrl: string;
  readonly pids: Readonly<Partial<Record<ServerName | 'guard', number>>>;
  readonly paths: { readonly home: string; readonly logs: string };
  /** Stops everything that was started and gives the home free. Idempotent. */
  stop(): Promise<void>;
  /** Stops one server (by `signal`, default in order), wipes its data if asked, and starts it on the same port. */
  restart(name: ServerName, options?: { readonly signal?: NodeJS.Signals; readonly wipe?: boolean }): Promise<void>;
  /** Ends one server by a signal (default SIGKILL) and returns when it is gone. It stays down until `restart`. */
  kill(name: ServerName, signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Returns when every server answers. If one cannot start, those that did are stopped and the home is free again.
 * If this process dies, however it does, a guard stops the servers; the next start waits for any that is left.
 *
 * @throws InfraFailure HOME_LOCKED, SERVER_PROGRAM_MISSING, SERVER_UNAVAILABLE
 */
export async function startServers(options: StartOptions): Promise<Servers> {
  const { need = ['postgres', 'nats', 'redis'], env = process.env } = options;
  const home = openHome(path.resolve(options.home));
  const running = new Map<ServerName, ServerProcess>();
  const guard = startGuard(path.join(home.logs, 'guard.log'));
  /** Servers that we are ending ourselves. */
  const ending = new Set<ServerProcess>();
  let stopping: Promise<void> | undefined;

  const start = async (name: ServerName): Promise<void> => {
    const server = await startOnFreePort(home, name, guard, env, options.adapters);
    running.set(name, server);
    home.update({
      running: [...running.values()].map(({ identity, spec }) => ({ identity, signal: spec.stopSignal })),
    });
    void server.ended.then(() => {
      if (!ending.has(server)) options.onUnexpectedEnd?.(name);
    });
  };
  const end = (server: ServerProcess, signal?: NodeJS.Signals): Promise<void> => {
    ending.add(server);
    return server.stop(signal);
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((server) => end(server)));
    guard.close();
    home.update({ running: [] });
    home.release();
  };
  const own = (name: ServerName): ServerProcess => {
    const server = running.get(name);
    if (!server) throw new RangeError(`${name} was not started here`);
    return server;
  };

  try {
    await Promise.all(home.instance.running.map(({ identity, signal }) => stopIdentified(identity, signal)));
    const started = await Promise.allSettled(need.filter((name) => !env[SERVERS[name].variable]).map(start));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  } catch (error) {
    await stop();
    throw error;
  }

  const url = (name: ServerName): string => env[SERVERS[name].variable] || running.get(name)?.spec.url || '';
  const urls = { DATABASE_URL: url('postgres'), NATS_URL: url('nats'), REDIS_URL: url('redis') };
  return {
    urls,
    adminDatabaseUrl: urls.DATABASE_URL,
    natsUrl: (user) => (env.NATS_URL ? urls.NATS_URL : natsUrlOf(home, urls.NATS_URL, user)),
    get pids() {
      return { guard: guard.pid, ...Object.fromEntries([...running].map(([name, server]) => [name, server.pid])) };
    },
    paths: { home: home.folder, logs: home.logs },
    stop: () => (stopping ??= stop()),
    async restart(name, { signal, wipe = false } = {}) {
      await end(own(name), signal);
      if (wipe) fs.rmSync(path.join(home.servers, name), { recursive: true, force: true });
      await start(name);
    },
    async kill(name, signal = 'SIGKILL') {
      await end(own(name), signal);
    },
  };
}

/** The port of the last run when it is free. Between our look and the server's bind another program may take it. */
async function startOnFreePort(
  home: Home,
  name: ServerName,
  guard: Guard,
  env: NodeJS.ProcessEnv,
  adapters?: readonly string[],
  attempt = 1,
): Promise<ServerProcess> {
  const port = await freePort(home.instance.ports[name]);
  home.update({ ports: { ...home.instance.ports, [name]: port } });
  const spec = await SERVERS[name].spec(home, port, env, adapters);
  try {
    return await startServer(spec, guard);
  } catch (error) {
    const taken = (await freePort(port)) !== port;
    if (!taken || attempt === PORT_ATTEMPTS) throw error;
    return startOnFreePort(home, name, guard, env, adapters, attempt + 1);
  }
}
