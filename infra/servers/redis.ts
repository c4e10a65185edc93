// redis-server on loopback with a password, its append-only file on, and never evicting a key.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Home } from './home.ts';
import type { ServerSpec } from './server-process.ts';
import { serverProgram } from './server-program.ts';

export async function redisSpec(home: Home, port: number, settings: NodeJS.ProcessEnv): Promise<ServerSpec> {
  const { file, env } = serverProgram('redis-server', settings);
  const password = home.secret('redis');
  const folder = path.join(home.servers, 'redis');
  fs.mkdirSync(folder, { recursive: true });
  const configFile = path.join(home.servers, 'redis.conf');
  fs.writeFileSync(configFile, config(port, folder, password), { mode: 0o600 });
  return {
    name: 'redis',
    command: file,
    args: [configFile],
    cwd: home.servers,
    env: { ...process.env, ...env },
    stopSignal: 'SIGTERM',
    logFile: path.join(home.logs, 'redis.log'),
    url: `redis://:${password}@127.0.0.1:${port}`,
    probe: () => answersPing(port, password),
  };
}

const config = (port: number, folder: string, password: string): string => `
bind 127.0.0.1
port ${port}
dir ${JSON.stringify(folder)}
requirepass ${password}
appendonly yes
save ""
maxmemory-policy noeviction
`;

/** A server that still loads its file answers with an error instead of PONG. */
function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    let said = '';
    socket.setTimeout(1000, () => socket.destroy(new Error('no PONG')));
    socket.once('error', reject).once('close', () => resolve(false));
    socket.setEncoding('utf8').on('data', (chunk) => {
      said += chunk;
      if (said.split('\r\n').length < 3) return;
      socket.destroy();
      resolve(said.includes('+PONG'));
    });
  });
}
