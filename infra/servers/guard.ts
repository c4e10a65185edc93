// Our end of infra/guard.mjs, the process that stops the servers if we die before we could.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface Guard {
  readonly pid: number;
  watch(identity: string, signal: NodeJS.Signals): void;
  forget(identity: string): void;
  /** Ends the guard; it stops whatever is still watched. */
  close(): void;
}

export function startGuard(logFile: string): Guard {
  const log = fs.openSync(logFile, 'a');
  // Detached: a signal to our whole process group must not take the guard along.
  const child = spawn(process.execPath, [fileURLToPath(new URL('../guard.mjs', import.meta.url))], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', log, log],
  });
  fs.closeSync(log);
  child.unref();
  const stdin = child.stdin as Socket;
  stdin.unref();
  // A dead guard shows as EPIPE: servers keep running and are stopped in order; only the protection is gone.
  stdin.on('error', () => {});
  return {
    pid: child.pid ?? 0,
    watch: (identity, signal) => void stdin.write(`watch ${signal} ${identity}\n`),
    forget: (identity) => void stdin.write(`forget ${identity}\n`),
    close: () => void stdin.end(),
  };
}
