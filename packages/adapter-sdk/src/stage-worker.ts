import { parentPort, workerData } from 'node:worker_threads';
import type { StageRun } from './define.ts';
import type { FromThread, ThreadData, ToThread } from './stage-messages.ts';

/** Entry of a stage thread: runs one command at a time, and asks the process for every byte. */
const port = parentPort;
if (port === null) throw new TypeError('this module is the entry of a thread');

type Pending = { resolve(value: never): void; reject(error: Error): void };
const pending = new Map<number, Pending>();
let calls = 0;

const say = (message: FromThread): void => port.postMessage(message);
const ask = <T>(message: (call: number) => FromThread): Promise<T> =>
  new Promise((resolve, reject) => {
    calls++;
    pending.set(calls, { resolve, reject });
    say(message(calls));
  });
const settle = (call: number): Pending | undefined => {
  const found = pending.get(call);
  pending.delete(call);
  return found;
};

const { module, name } = workerData as ThreadData;
const run = ((await import(module)) as Record<string, StageRun | undefined>)[name];
if (typeof run !== 'function') throw new TypeError(`${module} exports no function ${name}`);

// A thread is ended from outside, so its stage is never told to stop.
const { signal } = new AbortController();

const work = async (context: Extract<ToThread, { type: 'run' }>['context']): Promise<void> => {
  try {
    const result = await run({
      ...context,
      read: (ref, size) => ask((call) => ({ type: 'read', call, ref, ...(size !== undefined && { size }) })),
      put: (output) => ask((call) => ({ type: 'put', call, output })),
      signal,
    });
    say({ type: 'done', result });
  } catch (error) {
    say({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};

port.on('message', (message: ToThread) => {
  if (message.type === 'run') void work(message.context);
  else if (message.type === 'answered') settle(message.call)?.resolve(message.value as never);
  else settle(message.call)?.reject(new Error(message.message));
});
