import { parentPort, workerData } from 'node:worker_threads';
import type { SchemaFolder } from '../schemas/folder.ts';
import { compileSchemas } from '../schemas/official.ts';
import { judgeKind } from './kind-contracts.ts';

const { folder } = workerData as { folder: SchemaFolder | null };
const official = folder === null ? null : compileSchemas(folder);

/** Judges artifacts off the thread that decides; one answer per question, in order. */
parentPort?.on(
  'message',
  ({ id, kind, media_type, bytes }: { id: number; kind: string; media_type: string; bytes: Uint8Array }) => {
    parentPort?.postMessage({ id, judged: judgeKind(kind, media_type, bytes, official) });
  },
);
