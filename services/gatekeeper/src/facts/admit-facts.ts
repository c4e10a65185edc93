import { type Digest, type GateClaim, pipelineSchema } from '@orgo/contracts';
import { parseStrict } from '@orgo/core';
import { artifactLimits } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { Root } from '@orgo/runtime/trust';
import type { AdmitFacts, MandateFact, PipelineFact } from '../domain/index.ts';
import type { Reads } from '../reads.ts';
import { orgoVersion } from '../version.ts';
import { afterFindings } from './after-facts.ts';
import { artifactFacts, type Reader } from './artifact-facts.ts';
import { mandateFact } from './mandate-facts.ts';

/** Everything an admission is decided on: the admitted bytes, the pinned pipeline, the signed mandate. */
export async function admitFacts(reader: Reader & { reads: Reads }, root: Root, claim: GateClaim): Promise<AdmitFacts> {
  const [artifacts, pipeline, mandate] = await Promise.all([
    artifactFacts(reader, claim.tenant_id, claim.inputs, 'finding'),
    pipelineFact(reader.artifacts, claim),
    claimedMandate(reader.artifacts, root, claim),
  ]);
  const after = await afterFindings(reader, claim, artifacts);
  return { artifacts, pipeline, mandate, after, schemas: reader.judge.schemas, orgo: orgoVersion };
}

const unpinned = (detail: string): PipelineFact => ({ ok: false, code: 'BLUEPRINT_UNPINNED', detail });

async function pipelineFact(store: ArtifactStore, claim: GateClaim): Promise<PipelineFact> {
  const admitted = claim.inputs.find((input) => input.kind === 'pipeline');
  if (admitted !== undefined && admitted.ref !== claim.pipeline_ref)
    return unpinned('the admitted pipeline is not the one the claim pins');
  let bytes: Uint8Array;
  try {
    bytes = await store.get(claim.tenant_id, claim.pipeline_ref as Digest);
  } catch (error) {
    if (error instanceof Breach) return { ok: false, code: error.code, detail: error.detail };
    if (error instanceof Refused) return unpinned(error.detail);
    throw error;
  }
  const json = parseStrict(bytes, artifactLimits);
  const parsed = pipelineSchema.safeParse(json.ok ? json.value : undefined);
  return parsed.success
    ? { ok: true, pipeline: parsed.data }
    : unpinned(parsed.error.issues[0]?.message ?? 'the pipeline does not parse');
}

async function claimedMandate(store: ArtifactStore, root: Root, claim: GateClaim): Promise<MandateFact | null> {
  const admitted = claim.inputs.find((input) => input.kind === 'mandate');
  if (admitted === undefined) return null;
  if (admitted.ref !== claim.mandate_ref)
    return { ok: false, code: 'MANDATE_INVALID', detail: 'the admitted mandate is not the one the claim names' };
  return mandateFact(store, root, admitted.ref, claim.inputs.find((input) => input.kind === 'mandate-signature')?.ref);
}
