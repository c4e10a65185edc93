import { parentPort } from 'node:worker_threads';
import { judgeKind } from './kind-contracts.ts';

/** Judges artifacts off the thread that decides; one answer per question, in order. */
parentPort?.on(
  'message',
  ({ id, kind, media_type, bytes }: { id: number; kind: string; media_type: string; bytes: Uint8Array }) => {
    parentPort?.postMessage({ id, judged: judgeKind(kind, media_type, bytes) });
  },
);
