import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

export const peersFolder = path.join(import.meta.dirname, 'peers');

/** A free port of loopback. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export type PeerProcess = { pid: number; stop(): Promise<void> };

/** Starts a program and resolves when it has said `ready`, on either stream. @throws Error with what it said when it ends before. */
export async function startPeer(
  command: string,
  args: string[],
  options: { ready: RegExp; env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<PeerProcess> {
  const child: ChildProcess = spawn(command, args, {
    cwd: options.cwd ?? peersFolder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      if (said.length < 65_536) said += chunk;
      if (options.ready.test(said)) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${path.basename(command)} ended with ${code}:\n${said}`)));
  });
  return {
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** A program of the peers' own folder, under this Node. */
export const startPeerScript = (script: string, ...args: string[]): Promise<PeerProcess> =>
  startPeer(process.execPath, [path.join(peersFolder, script), ...args], { ready: /^ready$/m });

/** Removes a folder of data. */
export const removeFolder = (folder: string): void => fs.rmSync(folder, { recursive: true, force: true });
