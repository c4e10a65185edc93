import type { ArtifactRef } from '@orgo/contracts';
import { canonicalBytes, digestOfBytes, type JsonValue, parseStrict } from '@orgo/core';
import { artifactLimits } from './json-lines.ts';
import type { StageCore, StageCoreOk, StageResult } from './stage-core.ts';

/** A stage's answer with its outputs stored. */
export type StageRun = { result: StageResult<StageCoreOk>; outputs: ArtifactRef[] };

/**
 * Runs stage cores without a control plane, with artifacts in memory by digest: for tests and for looking at a stage by hand. A read of
 * bytes that were never put is a mistake of the caller and throws.
 */
export class StageMemory {
  readonly #bytes = new Map<string, Uint8Array>();

  put(kind: string, media_type: string, bytes: Uint8Array): ArtifactRef {
    const ref = digestOfBytes(bytes);
    this.#bytes.set(ref, bytes);
    return { kind, ref, media_type, size: bytes.length };
  }

  putJson(kind: string, value: unknown): ArtifactRef {
    return this.put(kind, 'application/json', canonicalBytes(value));
  }

  async read(ref: string): Promise<Uint8Array> {
    const bytes = this.#bytes.get(ref);
    if (!bytes) throw new TypeError(`${ref} was never stored`);
    return bytes;
  }

  /** The JSON of an artifact. Throws where it is none. */
  async json(artifact: { ref: string }): Promise<JsonValue> {
    const parsed = parseStrict(await this.read(artifact.ref), artifactLimits);
    if (!parsed.ok) throw new TypeError(`${artifact.ref}: ${parsed.detail}`);
    return parsed.value;
  }

  async run(core: StageCore, inputs: readonly ArtifactRef[], asOf: string, config: JsonValue = {}): Promise<StageRun> {
    const result = await core({ asOf, config, inputs, read: (ref) => this.read(ref) });
    const outputs = result.ok
      ? result.value.outputs.map(({ kind, media_type, bytes }) => this.put(kind, media_type, bytes))
      : [];
    return { result, outputs };
  }
}
