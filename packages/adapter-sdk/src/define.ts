import { nameSchema } from '@orgo/contracts';
import type { JsonValue, ReasonCode } from '@orgo/core';

/** An input artifact of a stage. */
export type StageInput = { kind: string; ref: string; media_type: string; size: number };
/** An output: its stored bytes decide its reference. */
export type StageOutput = { kind: string; media_type: string; bytes: Uint8Array };

export type StageDone = {
  outputs: readonly StageOutput[];
  /** Numbers for operators; never part of an artifact. */
  metrics: Readonly<Record<string, number>>;
  diagnostics: readonly { code: string; count: number }[];
};

/** Everything a stage may see. `asOf` is the only time it may write. */
export type StageContext = {
  asOf: string;
  config: JsonValue;
  inputs: readonly StageInput[];
  /**
   * Bytes of an artifact of this tenant, verified against its digest; for an input also against its size, which is compared before they are brought into
   * memory. `size` says the same of an artifact that is no input: somebody promised it. Never other bytes.
   */
  read(ref: string, size?: number): Promise<Uint8Array>;
  /** Stores one output early and answers its reference; it is listed in the reply by itself. */
  put(output: StageOutput): Promise<string>;
  /** Given when the lease ends, the build was cancelled or the process stops. */
  signal: AbortSignal;
};

/**
 * The work of a stage: same context, same bytes. An expected “no” about the content is a refusal and ends the stage; a throw is a failure of the world or
 * a bug, and the attempt is made again.
 */
export type StageRun = (
  context: StageContext,
) => Promise<{ ok: true; value: StageDone } | { ok: false; code: ReasonCode; detail: string; path?: string }>;

/** A stage function in a module of its own, run in worker threads: heavy work then never keeps the process from answering its servers, and is really ended with its lease. */
export type ThreadedRun = { module: URL; name: string };

export type StageLimits = {
  /** Commands worked on at the same time by one process. Default 4. */
  concurrency?: number;
  /** Bytes of all outputs of one command together; over it the stage fails with STAGE_LIMIT_EXCEEDED. Default 1 GiB. */
  maxOutputBytes?: number;
  /** Bytes that one command reads; over it the stage fails with STAGE_LIMIT_EXCEEDED. Default 2 GiB. */
  maxInputBytes?: number;
  /** MiB of JavaScript heap of a stage thread; over it (looked at every 50 ms) the thread ends and the stage fails with STAGE_LIMIT_EXCEEDED. Default 2048. */
  maxMemoryMb?: number;
};

/** A stage adapter. It answers for every stage whose pipeline names it. */
export type StageDefinition = {
  adapter: string;
  /** Its version, in every reply and record: raise it whenever the same inputs could give other bytes. */
  version: string;
  limits?: StageLimits;
} & ({ run: StageRun; thread?: never } | { thread: ThreadedRun; run?: never });

/** Checks a definition; a TypeError names what is wrong, since only its author can have made it so. */
export function defineStage(definition: StageDefinition): StageDefinition {
  if (!nameSchema.safeParse(definition.adapter).success) throw new TypeError('an adapter needs an ASCII name');
  if (!/^[\x21-\x7e]{1,64}$/.test(definition.version)) throw new TypeError('an adapter needs a version');
  if ((definition.run === undefined) === (definition.thread === undefined))
    throw new TypeError('an adapter has either run or thread');
  return Object.freeze(definition);
}
