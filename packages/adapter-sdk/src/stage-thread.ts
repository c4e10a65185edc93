import { Worker } from 'node:worker_threads';
import type { StageContext, StageDefinition, StageRun, ThreadedRun } from './define.ts';
import type { FromThread, ThreadData, ToThread } from './stage-messages.ts';

/** A definition's function, ready to be called, wherever it runs. `close` ends its threads. */
export type OpenRun = { run: StageRun; close(): Promise<void> };

const entry = new URL('./stage-worker.ts', import.meta.url);

const startThread = ({ module, name }: ThreadedRun): Worker => {
  const thread = new Worker(entry, { workerData: { module: module.href, name } satisfies ThreadData });
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
      value: await (message.type === 'read' ? context.read(message.ref) : context.put(message.output)),
    };
  } catch (error) {
    failed(error);
    answer = { type: 'refused', call, message: error instanceof Error ? error.message : String(error) };
  }
  thread.postMessage(answer);
};

/** One run on one thread. Rejects with the first failure of `read` or `put`, or with what the stage threw; ends the thread when the signal is given. */
const runOn = (thread: Worker, context: StageContext): ReturnType<StageRun> =>
  new Promise((resolve, reject) => {
    let failure: unknown;
    const end = (settle: () => void): void => {
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
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    context.signal.addEventListener('abort', onAbort, { once: true });
    const { asOf, config, inputs } = context;
    thread.postMessage({ type: 'run', context: { asOf, config, inputs: [...inputs] } } satisfies ToThread);
  });

/** Opens a definition's function. Idle threads are kept for the next run; one whose run failed is not used again. */
export function openRun(definition: StageDefinition): OpenRun {
  const { run, thread: threaded } = definition;
  if (run !== undefined) return { run, close: async () => undefined };
  const idle = new Set<Worker>();
  const all = new Set<Worker>();
  const start = (): Worker => {
    const thread = startThread(threaded);
    all.add(thread);
    thread.once('exit', () => {
      all.delete(thread);
      idle.delete(thread);
    });
    return thread;
  };
  // Loading the module takes longer than most runs: the first command should not wait for it.
  idle.add(start());

  return {
    async run(context) {
      const [thread = start()] = idle;
      idle.delete(thread);
      const result = await runOn(thread, context).catch(async (error) => {
        await thread.terminate();
        throw error;
      });
      idle.add(thread);
      return result;
    },
    async close() {
      await Promise.all([...all].map((thread) => thread.terminate()));
    },
  };
}
