// The folder of one instance: who runs in it, which ports it took, its secrets, its data and its logs.
import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { tryLock } from '../file-lock.mjs';
import { ServersFailure } from './failure.ts';

export type ServerName = 'postgres' | 'nats' | 'redis';

/** A process of an earlier run, to be stopped before the next one starts. */
export interface Leftover {
  readonly identity: string;
  readonly signal: NodeJS.Signals;
}

interface Instance {
  /** Random: names what this home keeps elsewhere, and is never derived from the path, which another home may take. */
  id: string;
  ports: Partial<Record<ServerName, number>>;
  running: Leftover[];
}

export interface Home {
  readonly folder: string;
  readonly instance: Readonly<Instance>;
  /** A password of this home: the same at every call, different for every name. */
  secret(name: string): string;
  /** A folder below the home, made when absent. */
  subfolder(name: string): string;
  logFile(name: string): string;
  update(change: Partial<Instance>): void;
  release(): void;
}

/**
 * Opens an instance home and holds it until `release` or until this process ends.
 * @throws ServersFailure HOME_LOCKED when a running process holds it; a lock whose holder died is taken over
 */
export function openHome(folder: string): Home {
  fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  const attempt = tryLock(path.join(folder, 'lock'));
  if (!attempt.ok) {
    const pid = attempt.holder.split(':')[0];
    throw new ServersFailure('HOME_LOCKED', `${folder} is in use by process ${pid}. Stop it, or set ORGO_HOME to another folder.`);
  }
  const file = path.join(folder, 'instance.json');
  let instance: Instance = readJson(file) ?? { id: randomBytes(16).toString('hex'), ports: {}, running: [] };
  const seed = databaseSecret(folder);
  const subfolder = (name: string): string => {
    const full = path.join(folder, name);
    fs.mkdirSync(full, { recursive: true });
    return full;
  };
  return {
    folder,
    get instance() {
      return instance;
    },
    secret: (name) => derive(seed, name),
    subfolder,
    logFile: (name) => path.join(subfolder('logs'), `${name}.log`),
    update(change) {
      instance = { ...instance, ...change };
      writeFile(file, JSON.stringify(instance, null, 2));
    },
    release: attempt.release,
  };
}

/** The seed of all server passwords of a home, made when absent. Only its owner can read it. */
export function databaseSecret(folder: string): string {
  const file = path.join(folder, 'server-secret');
  if (!fs.existsSync(file)) writeFile(file, randomBytes(32).toString('hex'));
  return fs.readFileSync(file, 'utf8');
}

/** Password number `name` of a seed: URL-safe, 32 bytes of HMAC-SHA-256. */
export function derive(seed: string, name: string): string {
  return createHmac('sha256', seed).update(name).digest('base64url');
}

function readJson(file: string): Instance | undefined {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
}

/** Atomic: a crash leaves the old content or the new one. */
function writeFile(file: string, content: string): void {
  fs.writeFileSync(`${file}.new`, content, { mode: 0o600, flush: true });
  fs.renameSync(`${file}.new`, file);
}
