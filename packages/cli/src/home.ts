import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runs } from '@orgo/runtime/process-identity';
import { CliError } from './cli-error.ts';
import { setting } from './settings.ts';

/** The checkout this command runs from. */
export const checkout = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** The instance home: ORGO_HOME, else `.orgo/home` in the checkout. Always absolute. */
export const homeDir = (): string => path.resolve(setting('ORGO_HOME') ?? path.join(checkout, '.orgo/home'));

/** Makes the home where it is not there yet. @throws CliError HOME_UNREADABLE where it cannot be made or written */
export function usableHome(): string {
  const home = homeDir();
  try {
    fs.mkdirSync(home, { recursive: true, mode: 0o755 });
    fs.accessSync(home, fs.constants.W_OK);
  } catch (error) {
    throw new CliError('HOME_UNREADABLE', `${home}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  return home;
}

/** A running instance as `orgo up` writes it for other commands; mode 0600, since it holds the token. */
export type Instance = { api: string; token: string; tenant: string; pid: number };
const instanceFile = (): string => path.join(homeDir(), 'run', 'instance.json');

export function writeInstance(instance: Instance): void {
  const file = instanceFile();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, JSON.stringify(instance), { mode: 0o600 });
  // crash: a reader sees the old file or the new one, never half of it.
  fs.renameSync(`${file}.new`, file);
}
export const removeInstance = (): void => fs.rmSync(instanceFile(), { force: true });

/** The running instance: ORGO_API (with ORGO_TOKEN, ORGO_TENANT), else the home's. */
export function findInstance(): Instance {
  const api = setting('ORGO_API');
  const tenant = setting('ORGO_TENANT');
  if (api && !URL.canParse(api))
    throw new CliError('CONFIG_INVALID', `ORGO_API: ${api} is no URL`, 'Give it as http://host:port.');
  if (api) return { api: api.replace(/\/$/, ''), token: setting('ORGO_TOKEN') ?? '', tenant: tenant ?? 'main', pid: 0 };
  let text: string;
  try {
    text = fs.readFileSync(instanceFile(), 'utf8');
  } catch {
    throw new CliError('INSTANCE_NOT_RUNNING', `no running Orgo in ${homeDir()}`);
  }
  let found: Instance;
  try {
    found = JSON.parse(text) as Instance;
  } catch {
    throw new CliError('HOME_UNREADABLE', `${instanceFile()} is no instance file; \`orgo up\` writes it anew`);
  }
  if (!runs(found.pid))
    throw new CliError('INSTANCE_NOT_RUNNING', `the Orgo of ${homeDir()} (pid ${found.pid}) has ended`);
  return { ...found, tenant: tenant ?? found.tenant };
}

/** The name of a home in the origin of its logs: eight hex digits, made once. */
export function instanceName(home: string): string {
  const file = path.join(home, 'instance-name');
  fs.mkdirSync(home, { recursive: true });
  try {
    fs.writeFileSync(file, randomBytes(4).toString('hex'), { flag: 'wx', mode: 0o644 });
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
  }
  return fs.readFileSync(file, 'utf8');
}
