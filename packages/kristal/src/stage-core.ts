import type { ReasonCode } from '@orgo/contracts';
import type { JsonValue, Ok } from '@orgo/core';

/** An input artifact of a stage: kind, `sha256:` reference, media type and size in bytes. */
export type StageInput = {
  kind: string;
  ref: string;
  media_type: string;
  size: number;
};

/** An output artifact of a stage: its stored bytes decide its reference (`sha256:` of the bytes). */
export type StageOutput = {
  kind: string;
  media_type: string;
  bytes: Uint8Array;
};

/** A stage's count of one stable diagnostic code. Sorted by code in a result. */
export type StageDiagnostic = { code: string; count: number };

/** What a stage core answers when the work is done. Outputs keep the order of the stage's contract. */
export type StageCoreOk = {
  outputs: readonly StageOutput[];
  /** Numbers for operators. Never part of an artifact. */
  metrics: Readonly<Record<string, number>>;
  diagnostics: readonly StageDiagnostic[];
};

/** An expected "no" of a stage, with a code of the reason table. `detail` is for people, `path` points into a JSON input. */
export type StageRefusal = {
  ok: false;
  code: ReasonCode;
  detail: string;
  path?: string;
};

/** A value or a refusal; wider than core's `Result` only in its codes, so a refusal of core passes through unchanged. */
export type StageResult<T> = Ok<T> | StageRefusal;

/**
 * Refuses with a reason code.
 * @example stageRefusal('INGEST_PARSE_ERROR', 'notes/a.md is not valid UTF-8')
 */
export const stageRefusal = (code: ReasonCode, detail: string, path?: string): StageRefusal =>
  path === undefined ? { ok: false, code, detail } : { ok: false, code, detail, path };

/**
 * Everything a stage core may see.
 *
 * `read` returns the artifact's bytes already verified against `ref`; it rejects (a Fault or Breach of the caller) and never
 * answers other bytes. `size`, where the reader was promised one, is compared before the bytes are brought into memory. `asOf` is the build's logical time and the only time a core may write. `put`, where given, stores one
 * output early and returns its reference, so that a core need not hold all outputs in memory; the caller still lists it in the reply.
 */
export type StageCoreContext = {
  asOf: string;
  config: JsonValue;
  inputs: readonly StageInput[];
  read(ref: string, size?: number): Promise<Uint8Array>;
  put?(output: StageOutput): Promise<string>;
  signal?: AbortSignal;
};

/**
 * The pure heart of a stage adapter: inputs, config and as-of in, output bytes out.
 *
 * No clock, randomness, environment, locale or network. An expected "no" is a refusal value with a reason code; a throw means a
 * programming error or a failure of `read`/`put`. Same context, same bytes (DT-01).
 */
export type StageCore = (ctx: StageCoreContext) => Promise<StageResult<StageCoreOk>>;
