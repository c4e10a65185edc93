import type { Digest, GateClaim } from '@orgo/contracts';
import { parseStrict } from '@orgo/core';
import { AfterRequestSchema, artifactLimits } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { ArtifactFact, Finding } from '../domain/index.ts';
import type { Reads } from '../reads.ts';

/**
 * Why a build may not follow the release that its request names (ST-37, CT-11): the gatekeeper authorized no such release, authorized it for another
 * pack, or no node has confirmed it. Judged by the gatekeeper's own decisions; neither the request nor an adapter is believed. Empty where
 * nothing asks for a release.
 */
export async function afterFindings(
  deps: { artifacts: ArtifactStore; reads: Reads },
  claim: GateClaim,
  facts: readonly ArtifactFact[],
): Promise<Finding[]> {
  const admitted = claim.inputs.find((input) => input.kind === 'after-request');
  if (admitted === undefined) return [];
  const request = await readRequest(deps.artifacts, claim.tenant_id, admitted.ref as Digest);
  // Its bytes and its form are findings of their own.
  if (request === null) return [];
  const { release_id, pack_id } = request;
  const [release, confirmed] = await Promise.all([
    deps.reads.release(claim.tenant_id, release_id),
    deps.reads.confirmed(claim.tenant_id, release_id),
  ]);
  if (release === null) return [{ code: 'RELEASE_NOT_FOUND', detail: `no release ${release_id} was authorized` }];
  const findings: Finding[] = [];
  const manifest = facts.find(({ artifact }) => artifact.kind === 'pack-manifest');
  if (release.pack_id !== pack_id || manifest?.ids.pack_id !== pack_id)
    findings.push({ code: 'UNVERIFIED_INPUT', detail: `${release_id} released ${release.pack_id}` });
  if (confirmed.length === 0) findings.push({ code: 'TASK_NOT_READY', detail: `no node has confirmed ${release_id}` });
  return findings;
}

async function readRequest(store: ArtifactStore, tenant: string, ref: Digest) {
  try {
    const json = parseStrict(await store.get(tenant, ref), artifactLimits);
    const parsed = AfterRequestSchema.safeParse(json.ok ? json.value : undefined);
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof Breach || error instanceof Refused) return null;
    throw error;
  }
}
