import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** One process of an instance: a script run by this Node with its own environment and its own log file. */
export type ProcessSpec = { name: string; script: string; env: Record<string, string> };

export type Supervisor = {
  /** Resolves when every process has said it is ready. Rejects when one ends before that, with the tail of its log. */
  ready: Promise<void>;
  pids(): Record<string, number>;
  /** SIGTERM to all, SIGKILL to what is left after the deadline. Idempotent. */
  stop(deadlineMs?: number): Promise<void>;
};

const lifeline = fileURLToPath(new URL('../../../../infra/lifeline.mjs', import.meta.url));
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/**
 * Keeps processes running: one that ends by itself is started again after a growing pause, as a cluster would.
 * A child says it is ready by writing a line to descriptor 4; descriptor 3 is its lifeline, so that none outlives us.
 * `run/processes.json` in the home lists their pids.
 */
export function supervise(home: string, specs: readonly ProcessSpec[], say: (line: string) => void): Supervisor {
  const children = new Map<string, ChildProcess>();
  let stopping = false;
  const logs = path.join(home, 'logs');
  const run = path.join(home, 'run');
  fs.mkdirSync(logs, { recursive: true });
  fs.mkdirSync(run, { recursive: true });
  const publish = (): void => {
    const file = path.join(run, 'processes.json');
    fs.writeFileSync(`${file}.new`, JSON.stringify(pids()));
    fs.renameSync(`${file}.new`, file);
  };
  const pids = () =>
    Object.fromEntries([...children].flatMap(([name, c]) => (c.pid === undefined ? [] : [[name, c.pid]])));

  const launch = (spec: ProcessSpec, logFile: string): ChildProcess => {
    const log = fs.openSync(logFile, 'a');
    try {
      return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--import', lifeline, spec.script], {
        env: { ...process.env, ...spec.env, ORGO_LIFELINE: '3', ORGO_READY_FD: '4' },
        stdio: ['ignore', log, log, 'pipe', 'pipe'],
      });
    } finally {
      fs.closeSync(log);
    }
  };
  const start = (spec: ProcessSpec, pause: number, first?: { ok: () => void; no: (e: Error) => void }): void => {
    const logFile = path.join(logs, `${spec.name}.log`);
    let nextPause = Math.min(pause * 2, longestPauseMs);
    const again = (how: string): void => {
      if (stopping) return;
      say(`${spec.name} ${how}; starting it again`);
      setTimeout(() => stopping || start(spec, nextPause), pause);
    };
    const notStarted = (error: Error): void => {
      first?.no(error);
      again(`did not start: ${error.message}`);
    };
    let child: ChildProcess;
    try {
      child = launch(spec, logFile);
    } catch (error) {
      notStarted(error as Error);
      return;
    }
    child.on('error', (error) => {
      // One that runs has another error, such as a signal that it could not be sent, and an end of its own.
      if (child.pid === undefined) notStarted(error);
    });
    if (child.pid === undefined) return;
    children.set(spec.name, child);
    publish();
    child.stdio[4]?.on('data', () => {
      nextPause = firstPauseMs;
      first?.ok();
    });
    child.on('exit', (code, signal) => {
      children.delete(spec.name);
      const how = signal ?? `code ${code}`;
      if (!stopping)
        first?.no(
          new Error(`${spec.name} ended with ${how} before it was ready; ${logFile} ends with:\n${tail(logFile)}`),
        );
      again(`ended with ${how}`);
    });
  };

  const ready = Promise.all(
    specs.map((spec) => new Promise<void>((ok, no) => start(spec, firstPauseMs, { ok, no }))),
  ).then(() => undefined);
  // Whoever waits for it may still be busy with something else: that is no failure that nobody handles.
  ready.catch(() => undefined);
  let stopped: Promise<void> | undefined;
  const stop = async (deadlineMs: number): Promise<void> => {
    stopping = true;
    await Promise.all(
      [...children.values()].map(
        (child) =>
          new Promise<void>((done) => {
            const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
            child.once('exit', () => {
              clearTimeout(timer);
              done();
            });
            if (child.exitCode !== null || child.signalCode !== null) done();
            else child.kill('SIGTERM');
          }),
      ),
    );
    fs.rmSync(path.join(run, 'processes.json'), { force: true });
  };
  return { ready, pids, stop: (deadlineMs = 10_000) => (stopped ??= stop(deadlineMs)) };
}

const tail = (file: string): string => fs.readFileSync(file, 'utf8').split('\n').slice(-12).join('\n');
