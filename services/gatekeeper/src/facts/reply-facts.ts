import type { Digest, StageReply } from '@orgo/contracts';
import { parseStrict } from '@orgo/core';
import { artifactLimits, PinnedContextSchema, verdictOf } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach } from '@orgo/runtime/errors';
import type { ArtifactFact, CommandFact, ReplyInput, ValidationFact } from '../domain/index.ts';
import { artifactFacts, type Reader } from './artifact-facts.ts';

/** Everything a reply is decided on beside its words: its outputs read back, and the verdict that follows from a validation report. */
export async function replyFacts(
  reader: Reader,
  reply: StageReply,
  command: CommandFact,
): Promise<Pick<ReplyInput, 'outputs' | 'validation' | 'schemas'>> {
  const { schemas } = reader.judge;
  // What an error or a refusal carries is not judged, so it is not read either.
  if (reply.status === 'error' || reply.status === 'refused') return { outputs: [], validation: null, schemas };
  const outputs = await artifactFacts(reader, reply.tenant_id, reply.outputs, 'fault');
  const report = outputs.find((fact) => fact.artifact.kind === 'validation-report');
  const judged = report !== undefined && report.bytes === null && command.ok;
  return { outputs, validation: judged ? await validationFact(reader.artifacts, report, command) : null, schemas };
}

/**
 * The report under the pinned policy: without a context that says otherwise, partial is not enough (C-7). A context whose bytes changed is a FAIL
 * with that code, because a gate that cannot verify does not pass (IN-17).
 */
async function validationFact(
  store: ArtifactStore,
  report: ArtifactFact,
  command: CommandFact & { ok: true },
): Promise<ValidationFact> {
  const { tenant_id, inputs } = command.command;
  const context = inputs.find((input) => input.kind === 'pinned-context');
  const read = async (ref: Digest) => parseStrict(await store.get(tenant_id, ref), artifactLimits);
  try {
    const json = context === undefined ? undefined : await read(context.ref);
    const pinned = PinnedContextSchema.safeParse(json?.ok ? json.value : undefined);
    const parsed = await read(report.artifact.ref);
    const policy = { allow_partial: pinned.success && pinned.data.validation.allow_partial };
    return verdictOf(parsed.ok ? parsed.value : null, policy, inputs);
  } catch (error) {
    if (error instanceof Breach) return { verdict: 'FAIL', codes: [error.code] };
    throw error;
  }
}
