import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Fault } from '@orgo/runtime/errors';
import { killGroup, readyToWatch, watchGroup } from './reaper-client.ts';

export type ProgramCall = {
  command: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  stdin: string;
  /** Its end kills the program and all it started. */
  signal: AbortSignal;
  maxAnswerBytes: number;
  /** One line of standard error. */
  onLine(line: string): void;
};

const maxLines = 1000;
const maxLineLength = 2000;
/** How long an ended program's pipes may stay open: only a descendant that left its process group can hold them. */
const drainMs = 2000;

/** Hands on the first lines of standard error and keeps the last for the failure's detail. */
const followErrors = (child: ChildProcess, onLine: (line: string) => void): (() => string) => {
  let last = '';
  let count = 0;
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
    const text = line.slice(0, maxLineLength).toWellFormed();
    if (text.trim() !== '') last = text;
    count++;
    if (count <= maxLines) onLine(text);
  });
  return () => last;
};

const missing = (cause: NodeJS.ErrnoException, program: string): Fault =>
  new Fault('EXEC_PROGRAM_MISSING', { detail: `${program}: ${cause.code ?? cause.message}`, cause });

/**
 * Runs a program once, without a shell, in a process group of its own, with exactly the given environment; answers what it wrote on standard output.
 * Whatever it started and left running is killed when it ends.
 * @throws Fault EXEC_PROGRAM_MISSING, EXEC_PROGRAM_CRASHED, EXEC_ANSWER_TOO_LARGE; the signal's reason.
 */
export async function callProgram(call: ProgramCall): Promise<Uint8Array> {
  call.signal.throwIfAborted();
  readyToWatch();
  const [program = '', ...words] = call.command;
  const child = spawn(program, words, { cwd: call.cwd, env: { ...call.env }, detached: true, stdio: 'pipe' });
  // crash: if we die before the watcher has heard of it, the program runs on until it ends by itself
  const { pid } = child;
  const unwatch = pid === undefined ? () => undefined : watchGroup(pid);
  const kill = (): void => killGroup(pid);
  let failure: unknown;
  const stop = (why: unknown): void => {
    failure ??= why;
    kill();
  };
  const onAbort = (): void => stop(call.signal.reason);
  call.signal.addEventListener('abort', onAbort, { once: true });

  const pieces: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= call.maxAnswerBytes) pieces.push(piece);
    else stop(new Fault('EXEC_ANSWER_TOO_LARGE', `more than ${call.maxAnswerBytes} bytes on standard output`));
  });
  const lastError = followErrors(child, call.onLine);
  // A program need not read its task; what it did without it shows in its answer.
  child.stdin.on('error', () => undefined);
  child.stdin.end(call.stdin);

  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      child.once('error', (error) => reject(missing(error, program)));
      child.once('exit', () => {
        kill();
        timer = setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, drainMs);
      });
      child.once('close', (...ended) => {
        clearTimeout(timer);
        resolve(ended);
      });
    });
    if (failure !== undefined) throw failure;
    if (code !== 0) {
      const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
      throw new Fault('EXEC_PROGRAM_CRASHED', `${how}${lastError() === '' ? '' : `; last said: ${lastError()}`}`);
    }
    return Buffer.concat(pieces);
  } finally {
    call.signal.removeEventListener('abort', onAbort);
    unwatch();
  }
}
