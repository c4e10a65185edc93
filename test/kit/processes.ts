import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type TestProcess = {
  readonly pid: number;
  /** Everything said on standard output so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line, said or still to be said, that equals `line`. Rejects when the process ends without it. */
  said(line: string): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Signals and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<void>;
};

/** Runs a script under this Node. Standard error goes to ours when it is not empty, so that a failing child is seen. */
export function runProcess(script: URL, env: Record<string, string>): TestProcess {
  const child: ChildProcess = spawn(process.execPath, [script.pathname], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const waiting = new Set<{ line: string; resolve(): void; reject(error: Error): void }>();
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  reader.on('line', (line) => {
    lines.push(line);
    for (const one of waiting) if (one.line === line && waiting.delete(one)) one.resolve();
  });
  const closed = new Promise<void>((resolve) => reader.once('close', () => resolve()));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => void closed.then(() => resolve({ code, signal })));
  });
  void ended.then(({ code, signal }) => {
    for (const { line, reject } of waiting)
      reject(new Error(`ended by ${signal ?? code} without "${line}"; said: ${lines.slice(-5).join(' | ')}`));
  });
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    said: (line) =>
      lines.includes(line)
        ? Promise.resolve()
        : new Promise((resolve, reject) => waiting.add({ line, resolve, reject })),
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}
