import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** A secret of a home, made once; mode 0600. */
function homeSecret(home: string, name: string): string {
  const file = path.join(home, name);
  fs.mkdirSync(home, { recursive: true });
  try {
    fs.writeFileSync(file, randomBytes(24).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
  }
  return fs.readFileSync(file, 'utf8');
}

/** The bearer token of a home’s API. */
export const apiToken = (home: string): string => homeSecret(home, 'api-token');

export type ServerUrls = { NATS_URL: string; REDIS_URL: string };

/** What every process of an instance is told; a service gets its own DATABASE_URL beside it. */
export function processEnvironment(home: string, instance: string, urls: ServerUrls): Record<string, string> {
  return {
    ORGO_HOME: home,
    ORGO_INSTANCE: instance,
    NATS_URL: urls.NATS_URL,
    REDIS_URL: urls.REDIS_URL,
    ORGO_TOKEN: apiToken(home),
    // Nodes of an instance on one machine may be broken for a rehearsal, by a file in their folders.
    ORGO_NODES_SIMULATED: process.env.ORGO_NODES_SIMULATED || 'true',
  };
}
