import { Worker } from 'node:worker_threads';
import { Fault } from '@orgo/runtime/errors';
import type { SchemaSet } from '../domain/index.ts';
import type { SchemaFolder } from '../schemas/folder.ts';
import { compileSchemas } from '../schemas/official.ts';
import { type ContractFact, judgeKind } from './kind-contracts.ts';

/** Holds bytes against the contract of their kind, wherever that is done. */
export type Judge = {
  /** The official schemas that are held beside; null for none. */
  readonly schemas: SchemaSet | null;
  judge(kind: string, mediaType: string, bytes: Uint8Array): Promise<ContractFact>;
  close(): Promise<void>;
};

/** Above this many bytes parsing would hold up every other gate; below it the hand-over costs more than it saves. */
const heavyBytes = 1_048_576;

type Waiting = { resolve(judged: ContractFact): void; reject(error: Fault): void };

/**
 * Small artifacts are judged at once, large ones in a thread of their own, one after the other, so that a large corpus stalls nobody. A thread
 * that dies takes its questions with it as faults, and the next question starts another.
 * @throws Refused SCHEMA_SET_INVALID where the official schemas cannot be compiled
 */
export function createJudge(folder: SchemaFolder | null = null): Judge {
  const official = folder === null ? null : compileSchemas(folder);
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let last = 0;

  const lose = (lost: Worker, cause: unknown): void => {
    if (worker !== lost) return;
    worker = undefined;
    for (const { reject } of waiting.values())
      reject(new Fault('GATE_EVIDENCE_MISSING', { detail: 'the judge was lost', cause }));
    waiting.clear();
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./kind-worker.ts', import.meta.url), { workerData: { folder } });
    started.unref();
    started.on('message', ({ id, judged }: { id: number; judged: ContractFact }) => {
      waiting.get(id)?.resolve(judged);
      waiting.delete(id);
      // An idle thread keeps no process alive.
      if (waiting.size === 0) started.unref();
    });
    started.on('error', (error) => lose(started, error));
    started.on('exit', (code) => lose(started, new Error(`exit ${code}`)));
    return started;
  };

  return {
    schemas: official === null ? null : { set_id: official.set_id, kinds: official.kinds },
    judge(kind, media_type, bytes) {
      if (bytes.length < heavyBytes) return Promise.resolve(judgeKind(kind, media_type, bytes, official));
      return new Promise((resolve, reject) => {
        worker ??= start();
        const id = ++last;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, kind, media_type, bytes });
      });
    },
    async close() {
      await worker?.terminate();
    },
  };
}
