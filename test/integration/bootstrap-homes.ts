import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** The environment of a machine on which nobody set a URL: every server is an embedded one. */
export const embedded: NodeJS.ProcessEnv = { ...process.env, DATABASE_URL: '', NATS_URL: '', REDIS_URL: '' };

/** A folder for one instance, removed when the test has ended. */
export function emptyHome(): string {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-home-'));
  onTestFinished(() => fs.rmSync(home, { recursive: true, force: true }));
  return home;
}

/** Whether nothing listens on this loopback port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}
