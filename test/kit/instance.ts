import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { testFolder } from '@orgo/infra/test-servers';
import { type CliSaid, callCli, cliMain } from './cli-pool.ts';

/** Repository root. */
export const repo = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export type CliResult = CliSaid & { json: unknown };

/** A running `orgo up` in a home of its own, driven through the command line and HTTP only. */
export type TestInstance = {
  home: string;
  env: NodeJS.ProcessEnv;
  api(): { api: string; token: string; tenant: string; pid: number };
  /** Runs the CLI against this instance; `json` holds the parsed stdout where it is one JSON object. */
  cli(...args: string[]): Promise<CliResult>;
  /** The same for another tenant. */
  as(tenant: string): (...args: string[]) => Promise<CliResult>;
  /** Addresses of its servers, for tests that break or overhear them. */
  servers(): { DATABASE_URL: string; NATS_URL: string; REDIS_URL: string; pids: Record<string, number> };
  /** Pids by process name, of `--processes`. */
  pids(): Record<string, number>;
  /** kill -9 of one process; resolves once the supervisor runs another in its place. */
  killAndAwaitRestart(name: string): Promise<void>;
  log(name: string): string;
  up: ChildProcess;
  stop(): Promise<void>;
};

/** Runs `orgo` with the given environment and collects what it says. */
export async function runCli(args: string[], env: NodeJS.ProcessEnv, timeoutMs = 240_000): Promise<CliResult> {
  // The runner asks its children for colours; a command whose output is read was not asked.
  const said = await callCli(args, { ...env, FORCE_COLOR: undefined }, timeoutMs);
  let json: unknown = null;
  try {
    json = JSON.parse(said.stdout);
  } catch {}
  return { ...said, json };
}

/** Starts an instance and resolves when it answers. The home is removed by `stop`. */
export async function startInstance(
  options: { args?: string[]; env?: NodeJS.ProcessEnv; home?: string } = {},
): Promise<TestInstance> {
  const home = options.home ?? testFolder('orgo-e2e-');
  fs.chmodSync(home, 0o755);
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env, ORGO_HOME: home };
  for (const name of ['DATABASE_URL', 'NATS_URL', 'REDIS_URL', 'ORGO_API', 'ORGO_TENANT'])
    if (!(name in (options.env ?? {}))) delete env[name];
  const up = spawn(process.execPath, [cliMain, 'up', ...(options.args ?? [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const collect = (chunk: Buffer) => {
    said += chunk;
  };
  up.stderr.on('data', collect);
  await new Promise<void>((resolve, reject) => {
    up.stdout.on('data', (chunk) => {
      collect(chunk);
      if (said.includes('http://')) resolve();
    });
    up.on('exit', (code) => reject(new Error(`orgo up ended with ${code}:\n${said}`)));
  });
  const pids = () =>
    JSON.parse(fs.readFileSync(path.join(home, 'run/processes.json'), 'utf8')) as Record<string, number>;
  return {
    home,
    env,
    up,
    pids,
    api: () => JSON.parse(fs.readFileSync(path.join(home, 'run/instance.json'), 'utf8')),
    cli: (...args) => runCli(args, env),
    as:
      (tenant) =>
      (...args) =>
        runCli(args, { ...env, ORGO_TENANT: tenant }),
    servers: () => JSON.parse(fs.readFileSync(path.join(home, 'run/servers.json'), 'utf8')),
    log: (name) => fs.readFileSync(path.join(home, 'logs', `${name}.log`), 'utf8'),
    async killAndAwaitRestart(name) {
      const before = pids()[name];
      if (before === undefined) throw new Error(`no process ${name}`);
      const restarted = waitForFile(path.join(home, 'run'), () => {
        const now = pids()[name];
        return now !== undefined && now !== before;
      });
      process.kill(before, 'SIGKILL');
      await restarted;
    },
    async stop() {
      if (up.exitCode === null && up.signalCode === null) {
        const ended = new Promise((done) => up.once('exit', done));
        up.kill('SIGTERM');
        await ended;
      }
      if (!options.home) fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Resolves when a change in `folder` makes `holds` true. */
export function waitForFile(folder: string, holds: () => boolean, timeoutMs = 30_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = () => {
      let yes = false;
      try {
        yes = holds();
      } catch {}
      if (!yes) return;
      clearTimeout(timer);
      watcher.close();
      resolve();
    };
    const watcher = fs.watch(folder, check);
    const timer = setTimeout(() => {
      watcher.close();
      reject(new Error(`nothing came to pass in ${folder}`));
    }, timeoutMs);
    check();
  });
}
