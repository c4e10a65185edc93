import { type ChildProcess, execFile, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type CliCall, type CliEnded, isSetting } from './cli-process.ts';

/** The `orgo` command as Node runs it. */
export const cliMain = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const cliProcess = fileURLToPath(new URL('./cli-process.ts', import.meta.url));

export type CliSaid = { code: number; stdout: string; stderr: string };

/** Commands that start an instance and live as long as it: each is a process of its own. */
const lasting = new Set(['up', 'demo']);

type Idle = { process: ChildProcess; as: string };
const idle = new Set<Idle>();

/**
 * Runs `orgo` with these words and this environment and collects what it says. A call has a process for itself while it lasts; one that ended as it should
 * takes the next call that differs from it in settings alone (see cli-process.ts), since loading a command takes longer than most commands. A call that
 * is not over in time is killed, and ends with 1.
 */
export function callCli(args: string[], env: NodeJS.ProcessEnv, timeoutMs: number): Promise<CliSaid> {
  if (args.some((word) => lasting.has(word))) return runAlone(args, env, timeoutMs);
  return runIn(take(env), { args, settings: pick(env, isSetting), mark: randomUUID() }, timeoutMs);
}

const pick = (env: NodeJS.ProcessEnv, wanted: (name: string) => boolean): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name, value]) => value !== undefined && wanted(name)));

/** A process that waits for a call in this environment, else a new one. */
function take(env: NodeJS.ProcessEnv): Idle {
  const rest = pick(env, (name) => !isSetting(name));
  const as = JSON.stringify(rest);
  for (const one of idle)
    if (one.as === as) {
      idle.delete(one);
      return one;
    }
  const started: Idle = {
    // The runner's own flags are not for it, and what the kit strips types with is called experimental.
    process: fork(cliProcess, {
      env: rest,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    }),
    as,
  };
  started.process.once('exit', () => idle.delete(started));
  return started;
}

/** Whether whoever runs this waits for the process: only while there is a call. */
function hold({ process: child }: Idle, held: boolean): void {
  for (const one of [child, child.channel, child.stdout as Socket | null, child.stderr as Socket | null])
    if (held) one?.ref();
    else one?.unref();
}

function runIn(one: Idle, call: CliCall, timeoutMs: number): Promise<CliSaid> {
  const { process: child } = one;
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError('a command without outputs');
  return new Promise((resolve) => {
    const outputs = [stdout, stderr].map((stream) => ({ stream, pieces: [] as Buffer[], whole: false }));
    let ended: CliEnded | undefined;
    const said = (): [string, string] =>
      outputs.map(({ pieces }) => Buffer.concat(pieces).toString('utf8').replace(call.mark, '')) as [string, string];
    const done = (code: number): void => {
      clearTimeout(timer);
      child.off('message', onMessage).off('close', onClose);
      for (const { stream } of outputs) stream.removeAllListeners('data');
      const [out, err] = said();
      resolve({ code, stdout: out, stderr: err });
    };
    const check = (): void => {
      if (ended === undefined || !outputs.every(({ whole }) => whole)) return;
      idle.add(one);
      hold(one, false);
      done(ended.code);
    };
    const onMessage = (message: CliEnded): void => {
      ended = message;
      check();
    };
    const onClose = (code: number | null): void => done(code ?? 1);
    for (const output of outputs)
      output.stream.on('data', (piece: Buffer) => {
        output.pieces.push(piece);
        output.whole = Buffer.concat(output.pieces.slice(-2)).includes(call.mark);
        check();
      });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.on('message', onMessage).on('close', onClose);
    hold(one, true);
    child.send(call);
  });
}

function runAlone(args: string[], env: NodeJS.ProcessEnv, timeoutMs: number): Promise<CliSaid> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cliMain, ...args],
      { env, timeout: timeoutMs, maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr }),
    );
  });
}
