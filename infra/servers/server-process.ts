// One server as a child process: started, waited for until it answers, stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { InfraFailure } from '../failure.mjs';
import { identify } from '../process-identity.mjs';
import type { Guard } from './guard.ts';
import type { ServerName } from './home.ts';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;
const PROBE_EVERY_MS = 10;

export interface ServerSpec {
  readonly name: ServerName;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** uid and gid to run as, when not our own. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Asks the server to stop in order. */
  readonly stopSignal: NodeJS.Signals;
  readonly logFile: string;
  readonly url: string;
  /** Whether the server at `url` answers as itself. Called again until it does; a rejection counts as no. */
  readonly probe: () => Promise<boolean>;
}

export interface ServerProcess {
  readonly spec: ServerSpec;
  readonly pid: number;
  readonly identity: string;
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<void>;
  /** Sends the signal (default: stop in order) and returns when the process is gone; SIGKILL after a grace. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a server and returns when it answers. When it does not, nothing of it is left.
 * @throws InfraFailure SERVER_UNAVAILABLE with the end of its log
 */
export async function startServer(spec: ServerSpec, guard: Guard): Promise<ServerProcess> {
  const started = launch(spec, guard);
  const deadline = performance.now() + START_LIMIT_MS;
  let running = true;
  void started.ended.then(() => {
    running = false;
  });
  while (running && performance.now() < deadline) {
    if (await spec.probe().catch(() => false)) return started;
    await pause(PROBE_EVERY_MS);
  }
  await started.stop('SIGKILL');
  const reason = running ? `gave no answer within ${START_LIMIT_MS / 1000} s` : 'ended while starting';
  throw new InfraFailure(
    'SERVER_UNAVAILABLE',
    `${spec.name} ${reason}. The end of ${spec.logFile}:\n${tail(spec.logFile)}`,
  );
}

function launch(spec: ServerSpec, guard: Guard): ServerProcess {
  const log = fs.openSync(spec.logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      // Detached: the terminal's Ctrl-C is for us; servers are stopped in order, after the services that use them.
      detached: true,
      stdio: ['ignore', log, log],
      ...spec.owner,
    });
  } finally {
    fs.closeSync(log);
  }
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      fs.appendFileSync(spec.logFile, `${error.message}\n`);
      resolve();
    });
  });
  const pid = child.pid ?? 0;
  const identity = identify(pid) ?? '';
  if (identity !== '') guard.watch(identity, spec.stopSignal);
  void ended.then(() => guard.forget(identity));
  return {
    spec,
    pid,
    identity,
    ended,
    async stop(signal = spec.stopSignal) {
      child.kill(signal);
      const cutOff = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(cutOff);
    },
  };
}

function tail(file: string): string {
  return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
}
