import net from 'node:net';
import path from 'node:path';
import { migrate, serviceUrls } from '@orgo/infra/migrate';
import { type Servers, startServers } from '@orgo/infra/servers';
import { createFront } from '@orgo/runtime/front';
import { createLog } from '@orgo/runtime/log';
import { openings } from '@orgo/runtime/openings';
import { pino } from 'pino';
import { instanceName, removeInstance, writeInstance } from '../home.ts';
import { provisionTenant } from '../tenant.ts';
import { listenAgain, portSetting } from './api-port.ts';
import { apiToken, processEnvironment } from './environment.ts';
import { keepServers, writeServers } from './keep-servers.ts';
import { pages } from './pages.ts';
import {
  busAdapters,
  type ServiceName,
  serviceNames,
  serviceProcesses,
  workerProcesses,
  workersInOne,
} from './processes.ts';
import { supervise } from './supervisor.ts';

export type RunningInstance = { url: string; tenant: string; servers: Servers; stop(): Promise<void> };

/** The tenant a home has from the start. */
export const firstTenant = 'main';

/**
 * Brings an instance up: servers, migrations, services, adapters and nodes, and one origin in front. `processes` gives every service and
 * adapter a process of its own, as in production; otherwise services share this one and adapters another. What was started is stopped
 * when a later step fails; a step that cannot be stopped in order is said and does not keep the others.
 */
export async function startInstance(options: {
  home: string;
  processes: boolean;
  port?: number;
  say: (line: string) => void;
}): Promise<RunningInstance> {
  const { home, say, port = portSetting() } = options;
  const { opened, close: stop } = openings((e) => say(`not stopped in order: ${e instanceof Error ? e.message : e}`));
  // Loaded while the servers start; who runs each service in a process of its own needs none of them here.
  const hosting = options.processes ? undefined : import('./services.ts');
  hosting?.catch(() => undefined);
  try {
    const repairs = keepServers(home, say);
    const servers = await startServers({ home, adapters: busAdapters, onUnexpectedEnd: repairs.lost });
    // Last of all: who waits for this file to go knows that nothing is left.
    opened(removeInstance);
    opened(() => servers.stop());
    opened(repairs.stop);
    repairs.of(servers);
    await migrate({ adminUrl: servers.adminDatabaseUrl });
    const databaseUrls = serviceUrls(servers.adminDatabaseUrl) as Record<ServiceName, string>;
    const instance = instanceName(home);
    await provisionTenant(home, firstTenant);
    // Each process reaches NATS as its own user.
    const env = (user: string) =>
      processEnvironment(home, instance, { ...servers.urls, NATS_URL: servers.natsUrl(user) });

    const ports = options.processes ? await freePorts(serviceNames) : undefined;
    const services = (name: ServiceName) => ({
      ...env(name),
      DATABASE_URL: databaseUrls[name],
      ORGO_HTTP_PORT: `${ports?.[name] ?? 0}`,
    });
    const worker = (name: string) => env(busAdapters.some((one) => one === name) ? `adapter-${name}` : 'adapters');
    const specs = options.processes
      ? [...serviceProcesses(services), ...workerProcesses(worker)]
      : workersInOne(env('adapters'));
    // Processes start beside this one: adapters wait for commands, and who asks a service that is not there yet asks again.
    const supervisor = supervise(home, specs, say);
    opened(() => supervisor.stop());
    let up = false;
    const hosted = await (await hosting)?.hostServices({
      home,
      instance,
      token: apiToken(home),
      databaseUrls,
      natsUrl: servers.natsUrl('services'),
      redisUrl: servers.urls.REDIS_URL,
    });
    if (hosted) opened(() => hosted.stop());
    const urls =
      hosted?.urls ??
      (Object.fromEntries(serviceNames.map((name) => [name, `http://127.0.0.1:${ports?.[name]}`])) as Record<
        ServiceName,
        string
      >);

    const log = createLog({
      service: 'front',
      destination: pino.destination({ dest: path.join(home, 'logs', 'front.log'), mkdir: true, sync: true }),
    });
    const front = createFront({ services: urls, log, ready: () => up && (hosted?.ready() ?? true), pages });
    opened(() => front.close());
    const url = await listenAgain(front, home, port);
    await supervisor.ready;
    up = true;
    writeServers(home, servers);
    writeInstance({ api: url, token: apiToken(home), tenant: firstTenant, pid: process.pid });
    return { url, tenant: firstTenant, servers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ports that are free now. They are all held until the last is known, so that none is given twice. */
async function freePorts(names: readonly ServiceName[]): Promise<Record<ServiceName, number>> {
  const held = await Promise.all(
    names.map(
      () =>
        new Promise<net.Server>((resolve, reject) => {
          const server = net
            .createServer()
            .on('error', reject)
            .listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = held.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(held.map((server) => new Promise((done) => server.close(done))));
  return Object.fromEntries(names.map((name, i) => [name, ports[i]])) as Record<ServiceName, number>;
}
