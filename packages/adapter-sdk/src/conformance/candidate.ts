import { spawn } from 'node:child_process';

/** A started adapter process. */
export type CandidateProcess = {
  /** How it ended; undefined while it runs. */
  exit(): string | undefined;
  /** Resolves when it has ended. */
  ended: Promise<void>;
  /** SIGTERM; SIGKILL after the deadline. Answers whether the first was enough, and how it ended. */
  stop(deadlineMs: number): Promise<{ orderly: boolean; how: string }>;
};

/** The adapter under test. */
export type Candidate = {
  /** Its name: the subject it takes commands from, and the role of its key. */
  adapter: string;
  /** Starts it with settings beside those of this process. Null when somebody else runs it. */
  start: ((settings: Readonly<Record<string, string>>) => CandidateProcess) | null;
};

/** A candidate that is a command line; no shell reads it. Its environment is ours plus the settings. */
export function commandCandidate(adapter: string, command: readonly string[]): Candidate {
  const [program = '', ...words] = command;
  return {
    adapter,
    start(settings) {
      const child = spawn(program, words, {
        env: { ...process.env, ...settings },
        // The last one is a lifeline: it ends with this process, for programs that watch it.
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      });
      let said = '';
      let how: string | undefined;
      child.stderr?.on('data', (piece: Buffer) => {
        said = (said + piece.toString()).slice(-4000);
      });
      const ended = new Promise<void>((resolve) => {
        child.once('error', (error) => {
          how ??= `did not start: ${error.message}`;
          resolve();
        });
        child.once('close', (code, signal) => {
          const last = said.trimEnd().split('\n').at(-1) ?? '';
          how ??= `ended with ${signal ?? `code ${code}`}${last === '' ? '' : `; last said: ${last.slice(0, 300)}`}`;
          resolve();
        });
      });
      return {
        ended,
        exit: () => how,
        async stop(deadlineMs) {
          let orderly = how === undefined;
          const timer = setTimeout(() => {
            orderly = false;
            child.kill('SIGKILL');
          }, deadlineMs);
          if (how === undefined) child.kill('SIGTERM');
          await ended;
          clearTimeout(timer);
          return { orderly, how: how ?? '' };
        },
      };
    },
  };
}
