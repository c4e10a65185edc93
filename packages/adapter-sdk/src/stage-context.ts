import type { ArtifactRef } from '@orgo/contracts';
import { isDigest } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { CheckedCommand } from './check.ts';
import type { StageContext, StageOutput } from './define.ts';

/** The context of one run, and what it has stored so far. */
export type OpenContext = { context: StageContext; store(output: StageOutput): Promise<string>; stored: ArtifactRef[] };

/** Opens the artifacts of the command's tenant for a run. `maxOutputBytes` bounds what it may store. */
export function openContext(
  checked: CheckedCommand,
  artifacts: ArtifactStore,
  options: { signal: AbortSignal; maxOutputBytes: number },
): OpenContext {
  const { command } = checked;
  const tenant = command.tenant_id;
  const stored: ArtifactRef[] = [];
  let total = 0;

  const read = async (ref: string): Promise<Uint8Array> => {
    options.signal.throwIfAborted();
    if (!isDigest(ref)) throw new Refused('ARTIFACT_NOT_FOUND', 'not a digest');
    const bytes = await artifacts.get(tenant, ref);
    const declared = command.inputs.find((input) => input.ref === ref);
    if (declared !== undefined && declared.size !== bytes.length) {
      throw new Breach('SIZE_MISMATCH', `${ref} has ${bytes.length} bytes instead of ${declared.size}`);
    }
    return bytes;
  };
  const store = async ({ kind, media_type, bytes }: StageOutput): Promise<string> => {
    options.signal.throwIfAborted();
    total += bytes.length;
    if (total > options.maxOutputBytes)
      throw new Refused('STAGE_LIMIT_EXCEEDED', `more than ${options.maxOutputBytes} bytes of output`);
    const ref = await artifacts.put(tenant, kind, media_type, bytes);
    stored.push(ref);
    return ref.ref;
  };
  return {
    context: {
      asOf: command.as_of,
      config: command.config as StageContext['config'],
      inputs: command.inputs,
      read,
      put: store,
      signal: options.signal,
    },
    store,
    stored,
  };
}
