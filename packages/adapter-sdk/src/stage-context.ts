import type { ArtifactRef } from '@orgo/contracts';
import { isDigest } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { CheckedCommand } from './check.ts';
import type { StageContext, StageOutput } from './define.ts';
import type { Limits } from './stage-limits.ts';

/** The context of one run, and what it has stored so far. */
export type OpenContext = { context: StageContext; store(output: StageOutput): Promise<string>; stored: ArtifactRef[] };

/** Opens the artifacts of the command's tenant for a run, within its limits; over one of them the stage ends with STAGE_LIMIT_EXCEEDED. */
export function openContext(
  checked: CheckedCommand,
  artifacts: ArtifactStore,
  options: { signal: AbortSignal; config: unknown; limits: Limits },
): OpenContext {
  const { command } = checked;
  const tenant = command.tenant_id;
  const stored: ArtifactRef[] = [];
  const { maxInputBytes, maxOutputBytes } = options.limits;
  let total = 0;
  let brought = 0;

  const read = async (ref: string, size?: number): Promise<Uint8Array> => {
    options.signal.throwIfAborted();
    if (!isDigest(ref)) throw new Refused('ARTIFACT_NOT_FOUND', 'not a digest');
    const declared = command.inputs.find((input) => input.ref === ref);
    const promised = declared?.size ?? size;
    // The gatekeeper has compared an input's size; what is named by somebody else's document is looked at before it is brought.
    const stored = declared ?? (await artifacts.stat(tenant, ref));
    if (stored === null) throw new Refused('ARTIFACT_NOT_FOUND', `no artifact ${ref}`);
    if (promised !== undefined && promised !== stored.size) throw mismatch(ref, stored.size, promised);
    brought += stored.size;
    if (brought > maxInputBytes) throw new Refused('STAGE_LIMIT_EXCEEDED', `more than ${maxInputBytes} bytes of input`);
    const bytes = await artifacts.get(tenant, ref);
    if (bytes.length !== stored.size) throw mismatch(ref, bytes.length, stored.size);
    return bytes;
  };
  const store = async ({ kind, media_type, bytes }: StageOutput): Promise<string> => {
    options.signal.throwIfAborted();
    total += bytes.length;
    if (total > maxOutputBytes)
      throw new Refused('STAGE_LIMIT_EXCEEDED', `more than ${maxOutputBytes} bytes of output`);
    const ref = await artifacts.put(tenant, kind, media_type, bytes);
    stored.push(ref);
    return ref.ref;
  };
  return {
    context: {
      asOf: command.as_of,
      config: options.config as StageContext['config'],
      inputs: command.inputs,
      read,
      put: store,
      signal: options.signal,
    },
    store,
    stored,
  };
}

const mismatch = (ref: string, is: number, promised: number): Breach =>
  new Breach('SIZE_MISMATCH', `${ref} has ${is} bytes instead of ${promised}`);
