// nats-server with JetStream on loopback, with a user and a password.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Home } from './home.ts';
import type { ServerSpec } from './server-process.ts';
import { serverProgram } from './server-program.ts';

const USER = 'orgo';
const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;

export async function natsSpec(home: Home, port: number, settings: NodeJS.ProcessEnv): Promise<ServerSpec> {
  const { file, env } = serverProgram('nats-server', settings);
  const store = path.join(home.servers, 'nats');
  const password = home.secret('nats');
  const configFile = path.join(home.servers, 'nats.conf');
  fs.writeFileSync(configFile, config(port, store, password), { mode: 0o600 });
  return {
    name: 'nats',
    command: file,
    args: ['-c', configFile],
    cwd: home.servers,
    env: { ...process.env, ...env },
    stopSignal: 'SIGTERM',
    logFile: path.join(home.logs, 'nats.log'),
    url: `nats://${USER}:${password}@127.0.0.1:${port}`,
    probe: () => saysJetStream(port),
  };
}

// No sync_interval: 2.9 does not know it and refuses to start. Whatever is in the store can be made again from Postgres.
const config = (port: number, store: string, password: string): string => `
host: 127.0.0.1
port: ${port}
server_name: orgo
max_payload: ${MAX_PAYLOAD_BYTES}
jetstream { store_dir: ${JSON.stringify(store)} }
authorization { user: ${USER}, password: ${JSON.stringify(password)} }
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
