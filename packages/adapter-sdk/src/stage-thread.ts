import { Worker } from 'node:worker_threads';
import { Refused } from '@orgo/runtime/errors';
import type { StageContext, StageDefinition, StageRun, ThreadedRun } from './define.ts';
import { type Limits, limitsOf } from './stage-limits.ts';
import type { FromThread, ThreadData, ToThread } from './stage-messages.ts';

/** A definition's function, ready to be called, wherever it runs. `close` ends its threads. */
export type OpenRun = {
  run(context: StageContext, limits: Pick<Limits, 'maxMemoryMb'>): ReturnType<StageRun>;
  close(): Promise<void>;
};

const entry = new URL('./stage-worker.ts', import.meta.url);

const startThread = ({ module, name }: ThreadedRun, maxMemoryMb: number): Worker => {
  const thread = new Worker(entry, {
    workerData: { module: module.href, name } satisfies ThreadData,
    // V8 ends the whole process over its own limit when one allocation is large: the watch below is to be there first.
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb + roomMb },
  });
  // Each run listens for itself; this keeps a thread that dies while idle from ending the process.
  thread.on('error', () => undefined);
  return thread;
};

/** Answers what a stage asks for; the first failure is kept, because a thread can only hand back its text. */
const answerCall = async (
  thread: Worker,
  context: StageContext,
  message: Extract<FromThread, { call: number }>,
  failed: (error: unknown) => void,
): Promise<void> => {
  const { call } = message;
  let answer: ToThread;
  try {
    answer = {
      type: 'answered',
      call,
      value: await (message.type === 'read' ? context.read(message.ref, message.size) : context.put(message.output)),
    };
  } catch (error) {
    failed(error);
    answer = { type: 'refused', call, message: error instanceof Error ? error.message : String(error) };
  }
  thread.postMessage(answer, transferable(answer));
};

/** Bytes that own their memory are handed over: a large document is then never held twice. */
const transferable = (answer: ToThread): ArrayBuffer[] => {
  const value = answer.type === 'answered' ? answer.value : undefined;
  if (!(value instanceof Uint8Array) || value.byteLength < 1_048_576) return [];
  return value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength ? [value.buffer] : [];
};

/** What V8 gets above the limit, and how often a running thread is looked at. */
const roomMb = 1024;
const lookMs = 50;

/** Looks at a running thread's heap until it is told to stop, and says once when it is over its limit. */
function watchHeap(thread: Worker, maxMemoryMb: number, over: () => void): () => void {
  const look = async (): Promise<void> => {
    // A thread that is just ending has no heap to tell of.
    const found = await thread.getHeapStatistics().catch(() => undefined);
    if ((found?.used_heap_size ?? 0) > maxMemoryMb * 1024 * 1024) over();
  };
  const timer = setInterval(() => void look(), lookMs);
  return () => clearInterval(timer);
}

/** How Node names a thread that it ended because its heap was full. */
const outOfMemory = 'ERR_WORKER_OUT_OF_MEMORY';
const overMemory = (maxMemoryMb: number): Refused =>
  new Refused('STAGE_LIMIT_EXCEEDED', `more than ${maxMemoryMb} MiB of memory`);
const isOverMemory = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === outOfMemory;

/** One run on one thread. Rejects with the first failure of `read` or `put`, or with what the stage threw; ends the thread when the signal is given. */
const runOn = (thread: Worker, context: StageContext, maxMemoryMb: number): ReturnType<StageRun> =>
  new Promise((resolve, reject) => {
    let failure: unknown;
    const end = (settle: () => void): void => {
      unwatch();
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      context.signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onMessage = (message: FromThread): void => {
      if (message.type === 'done') end(() => resolve(message.result));
      else if (message.type === 'failed') end(() => reject(failure ?? new Error(message.message)));
      else
        void answerCall(thread, context, message, (error) => {
          failure ??= error;
        });
    };
    const onError = (error: unknown): void => end(() => reject(error));
    const onExit = (code: number): void => end(() => reject(new Error(`the stage thread ended with ${code}`)));
    const onAbort = (): void => {
      void thread.terminate();
      end(() => reject(context.signal.reason));
    };
    const unwatch = watchHeap(thread, maxMemoryMb, () => end(() => reject(overMemory(maxMemoryMb))));
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    context.signal.addEventListener('abort', onAbort, { once: true });
    const { asOf, config, inputs } = context;
    thread.postMessage({ type: 'run', context: { asOf, config, inputs: [...inputs] } } satisfies ToThread);
  });

/**
 * Opens a definition's function. Idle threads are kept for the next run with the same memory limit; one whose run failed is not used again. A thread that
 * needs more than its limit ends alone: STAGE_LIMIT_EXCEEDED, and the process lives on.
 */
export function openRun(definition: StageDefinition): OpenRun {
  const { run, thread: threaded } = definition;
  if (run !== undefined) return { run: (context) => run(context), close: async () => undefined };
  const idle = new Map<Worker, number>();
  const all = new Set<Worker>();
  const start = (maxMemoryMb: number): Worker => {
    const thread = startThread(threaded, maxMemoryMb);
    all.add(thread);
    thread.once('exit', () => {
      all.delete(thread);
      idle.delete(thread);
    });
    return thread;
  };
  // Loading the module takes longer than most runs: the first command should not wait for it.
  const own = ownMemoryMb(definition);
  idle.set(start(own), own);

  return {
    async run(context, { maxMemoryMb }) {
      const [thread = start(maxMemoryMb)] = [...idle].find(([, memory]) => memory === maxMemoryMb) ?? [];
      idle.delete(thread);
      const result = await runOn(thread, context, maxMemoryMb).catch(async (error) => {
        await thread.terminate();
        throw isOverMemory(error) ? overMemory(maxMemoryMb) : error;
      });
      // A limit of one pipeline's own is rare: its thread is not kept.
      if (maxMemoryMb === own) idle.set(thread, maxMemoryMb);
      else void thread.terminate();
      return result;
    },
    async close() {
      await Promise.all([...all].map((thread) => thread.terminate()));
    },
  };
}

const ownMemoryMb = (definition: StageDefinition): number => {
  const own = limitsOf(definition, {});
  if (!own.ok) throw new TypeError(own.detail);
  return own.limits.maxMemoryMb;
};
