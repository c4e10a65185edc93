// The folder of one instance: who runs in it, which ports it took, its secrets, its data and its logs.
import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { InfraFailure } from '../failure.mjs';
import { tryLock } from '../file-lock.mjs';

export type ServerName = 'postgres' | 'nats' | 'redis';

/** A process of an earlier run, to be stopped before the next one starts. */
export interface Leftover {
  readonly identity: string;
  readonly signal: NodeJS.Signals;
}

interface Instance {
  ports: Partial<Record<ServerName, number>>;
  running: Leftover[];
}

export interface Home {
  readonly folder: string;
  /** Where the servers keep configuration and data. */
  readonly servers: string;
  readonly logs: string;
  readonly instance: Readonly<Instance>;
  /** A password of this home: the same at every call, different for every name. */
  secret(name: string): string;
  update(change: Partial<Instance>): void;
  release(): void;
}

/**
 * Opens an instance home and holds it until `release` or until this process ends.
 * @throws InfraFailure HOME_LOCKED when a running process holds it; a lock whose holder died is taken over
 */
export function openHome(folder: string): Home {
  fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  const attempt = tryLock(path.join(folder, 'lock'));
  if (!attempt.ok) {
    const pid = attempt.holder.split(':')[0];
    throw new InfraFailure(
      'HOME_LOCKED',
      `${folder} is in use by process ${pid}. Stop it, or set ORGO_HOME to another folder.`,
    );
  }
  const servers = path.join(folder, 'servers');
  const logs = path.join(folder, 'logs');
  for (const needed of [servers, logs]) fs.mkdirSync(needed, { recursive: true });
  const file = path.join(servers, 'instance.json');
  let instance: Instance = readJson(file) ?? { ports: {}, running: [] };
  const seed = readSeed(path.join(servers, 'secret'));
  return {
    folder,
    servers,
    logs,
    get instance() {
      return instance;
    },
    secret: (name) => derive(seed, name),
    update(change) {
      instance = { ...instance, ...change };
      writeFile(file, JSON.stringify(instance, null, 2));
    },
    release: attempt.release,
  };
}

/** The seed of all server passwords of a home, made when absent. */
function readSeed(file: string): string {
  if (!fs.existsSync(file)) writeFile(file, randomBytes(32).toString('hex'));
  return fs.readFileSync(file, 'utf8');
}

/** The password called `name` that follows from a seed: HMAC-SHA-256, URL-safe. */
export function derive(seed: string, name: string): string {
  return createHmac('sha256', seed).update(name).digest('base64url');
}

function readJson(file: string): Instance | undefined {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
}

/** crash: if we die before the rename, the old content stands */
function writeFile(file: string, content: string): void {
  fs.writeFileSync(`${file}.new`, content, { mode: 0o600, flush: true });
  fs.renameSync(`${file}.new`, file);
}
