import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('./reaper.ts', import.meta.url));
let reaper: ChildProcess | undefined;

/** Kills a process group; one that is gone already is no error. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The one watcher of this process, started with its first program. It does not keep this process alive. */
const startReaper = (): ChildProcess => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined);
  child.on('exit', () => {
    reaper = undefined;
  });
  child.stdin?.on('error', () => undefined);
  child.unref();
  (child.stdin as unknown as Socket).unref();
  return child;
};

/** Starts the watcher where there is none. Called before a program is started: what runs shall not have to wait for the one who ends it. */
export function readyToWatch(): ChildProcess {
  reaper ??= startReaper();
  return reaper;
}

/** Has a process group killed should this process die without doing so itself, also by SIGKILL. Answers how to let it go. */
export function watchGroup(pid: number): () => void {
  const watching = readyToWatch();
  watching.stdin?.write(`+${pid}\n`);
  return () => {
    watching.stdin?.write(`-${pid}\n`);
  };
}
