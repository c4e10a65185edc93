import type { StageContext, StageOutput, StageRun } from './define.ts';

/** What the process says to a stage thread. */
export type ToThread =
  | { type: 'run'; context: Pick<StageContext, 'asOf' | 'config' | 'inputs'> }
  | { type: 'answered'; call: number; value: Uint8Array | string }
  | { type: 'refused'; call: number; message: string };

/** What a stage thread says to its process. */
export type FromThread =
  | { type: 'read'; call: number; ref: string; size?: number }
  | { type: 'put'; call: number; output: StageOutput }
  | { type: 'done'; result: Awaited<ReturnType<StageRun>> }
  | { type: 'failed'; message: string };

/** Which function a thread runs: a module's address and the name it exports. */
export type ThreadData = { module: string; name: string };
