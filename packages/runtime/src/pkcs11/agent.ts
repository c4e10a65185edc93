import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { unavailable } from '../key-files.ts';
import type { TokenAlg, TokenKey } from './token.ts';

type Ask =
  | { what: 'list'; label: string }
  | { what: 'create'; label: string; alg: TokenAlg }
  | { what: 'sign'; label: string; key: Pick<TokenKey, 'id' | 'alg'>; message: string };
export type AgentRequest = { id: number; ask: Ask };
export type AgentAnswer = { id: number; keys?: TokenKey[]; signature?: string; error?: string };

export type TokenPlace = { module: string; token: string; pin_file: string };

/** A token behind a process of its own: a module that hangs or dies takes nothing with it but the answers to what it was asked. */
export type Agent = {
  list(label: string): Promise<TokenKey[]>;
  create(label: string, alg: TokenAlg): Promise<TokenKey>;
  sign(label: string, key: Pick<TokenKey, 'id' | 'alg'>, message: Uint8Array): Promise<Uint8Array>;
};

type Waiting = { resolve(answer: AgentAnswer): void; reject(error: unknown): void };
type Running = { child: ChildProcess; waiting: Map<number, Waiting> };

function answerOf(line: string): AgentAnswer | undefined {
  try {
    const said = JSON.parse(line) as AgentAnswer | null;
    return typeof said?.id === 'number' ? said : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Starts the process when it is first asked, and anew when it is gone. Every failure is Fault SIGNER_UNAVAILABLE: no module, no token, a wrong PIN, a call that
 * was refused, no answer in time, words that are none. Nothing is ever signed elsewhere instead.
 */
export function tokenAgent(place: TokenPlace, options: { timeoutMs?: number } = {}): Agent {
  const { timeoutMs = 10_000 } = options;
  let running: Running | undefined;
  let last = 0;

  const start = (): Running => {
    const main = fileURLToPath(new URL('./agent-main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, place.module, place.token, place.pin_file], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const started: Running = { child, waiting: new Map() };
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-2000);
    });
    const lose = (why: string): void => {
      if (running === started) running = undefined;
      for (const { reject } of started.waiting.values()) reject(unavailable(`the token ${place.token}: ${why}`));
      started.waiting.clear();
    };
    child.on('error', (error) => lose(error.message));
    child.on('exit', (code) => lose(`its process ended with ${code}: ${said.trim().split('\n').at(-1) ?? ''}`));
    child.stdin?.on('error', () => undefined);
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const answer = answerOf(line);
      if (answer === undefined) {
        // A module may write to its process's standard output: nothing that follows can be told from an answer.
        child.kill('SIGKILL');
        lose('its process wrote a line that is no answer');
        return;
      }
      const asked = started.waiting.get(answer.id);
      started.waiting.delete(answer.id);
      if (answer.error === undefined) return asked?.resolve(answer);
      // It ends after a call that failed: what is asked from now on goes to another process.
      if (running === started) running = undefined;
      asked?.reject(unavailable(`the token ${place.token}: ${answer.error}`));
    });
    // It keeps no process alive that has nothing else to do.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr])
      (stream as unknown as { unref?(): void } | null)?.unref?.();
    return started;
  };

  const request = (ask: Ask): Promise<AgentAnswer> =>
    new Promise((resolve, reject) => {
      running ??= start();
      const { child, waiting } = running;
      const id = ++last;
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(unavailable(`the token ${place.token} gave no answer in ${timeoutMs} ms`));
      }, timeoutMs);
      const done =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          then(value);
        };
      waiting.set(id, { resolve: done(resolve), reject: done(reject) });
      child.stdin?.write(`${JSON.stringify({ id, ask } satisfies AgentRequest)}\n`);
    });

  return {
    list: async (label) => (await request({ what: 'list', label })).keys ?? [],
    async create(label, alg) {
      const [key] = (await request({ what: 'create', label, alg })).keys ?? [];
      if (key === undefined) throw unavailable(`the token ${place.token} made no key`);
      return key;
    },
    async sign(label, key, message) {
      const asked = { what: 'sign' as const, label, key, message: Buffer.from(message).toString('base64') };
      const { signature } = await request(asked);
      const bytes = Buffer.from(signature ?? '', 'base64');
      if (bytes.length !== 64) throw unavailable(`the token ${place.token} gave no signature`);
      return new Uint8Array(bytes);
    },
  };
}
