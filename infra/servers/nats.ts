// nats-server with JetStream on loopback: a user that may do all, and one per service and adapter that may do what it has to.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Home } from './home.ts';
import { inboxOf, type NatsPermissions, natsUsers } from './nats-users.ts';
import type { ServerSpec } from './server-process.ts';
import { serverProgram } from './server-program.ts';

/** The owner of the home: tools and tests that look at everything. */
const OWNER = 'orgo';
const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

export async function natsSpec(
  home: Home,
  port: number,
  settings: NodeJS.ProcessEnv,
  adapters: readonly string[] = [],
): Promise<ServerSpec> {
  const { file, env } = serverProgram('nats-server', settings);
  const store = path.join(home.servers, 'nats');
  const users = [
    userLine(OWNER, home.secret('nats')),
    ...Object.entries(natsUsers(adapters)).map(([user, may]) => userLine(user, home.secret(`nats ${user}`), may)),
  ];
  const configFile = path.join(home.servers, 'nats.conf');
  fs.writeFileSync(configFile, config(port, store, users), { mode: 0o600 });
  return {
    name: 'nats',
    command: file,
    args: ['-c', configFile],
    cwd: home.servers,
    env: { ...process.env, ...env },
    stopSignal: 'SIGTERM',
    logFile: path.join(home.logs, 'nats.log'),
    url: `nats://${OWNER}:${home.secret('nats')}@127.0.0.1:${port}`,
    probe: () => saysJetStream(port),
  };
}

/** A line of the configuration, which takes JSON. */
function userLine(user: string, password: string, may?: NatsPermissions): string {
  const permissions = may && {
    publish: { allow: may.publish },
    subscribe: { allow: [...may.subscribe, `${inboxOf(user)}.>`] },
    allow_responses: true,
  };
  return JSON.stringify({ user, password, ...(permissions && { permissions }) });
}

/** The address of an embedded server for one of its users, who hears answers in an inbox of its own. */
export function natsUrlOf(home: Home, ownerUrl: string, user: string): string {
  const url = new URL(ownerUrl);
  url.username = user;
  url.password = home.secret(`nats ${user}`);
  url.searchParams.set('inbox', inboxOf(user));
  return url.href;
}

// No sync_interval: 2.9 does not know it and refuses to start. Whatever is in the store can be made again from Postgres.
const config = (port: number, store: string, users: readonly string[]): string => `
host: 127.0.0.1
port: ${port}
server_name: orgo
max_payload: ${MAX_PAYLOAD_BYTES}
jetstream { store_dir: ${JSON.stringify(store)} }
authorization { users: [
${users.join(',\n')}
] }
`;

/** The first line of a NATS server is INFO with its abilities: JetStream is listed there when it has started. */
function saysJetStream(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let said = '';
    socket.setTimeout(1000, () => socket.destroy(new Error('no INFO')));
    socket.once('error', reject).once('close', () => resolve(false));
    socket.setEncoding('utf8').on('data', (chunk) => {
      said += chunk;
      if (!said.includes('\r\n')) return;
      socket.destroy();
      resolve(/^INFO .*"jetstream":true/.test(said));
    });
  });
}
