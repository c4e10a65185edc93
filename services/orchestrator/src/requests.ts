import { type ArtifactRef, type Digest, pipelines, type StartBuild } from '@orgo/contracts';
import { canonicalBytes, compareRefs, digestOf, digestOfBytes, digestOfNothing } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { codeOf, Refused } from '@orgo/runtime/errors';
import { newId } from '@orgo/runtime/ids';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Db } from '@orgo/store/db';
import type { Snapshots } from '@orgo/store/snapshots';
import { type Admitted, admitRerun, runKey, subjectKey, type Yield, yieldOf } from './domain/index.ts';
import type { Reads } from './reads.ts';

type Deps = { db: Db; artifacts: ArtifactStore; trust: TrustStore; reads: Reads; snapshots: Snapshots };

/** @throws Refused TENANT_NOT_FOUND for a tenant that nobody pinned here: the same answer as for one that is another's (TN-05). */
export async function checkTenant(trust: TrustStore, tenant: string): Promise<void> {
  await trust.root(tenant).catch((error) => {
    throw codeOf(error) === 'TRUST_ROOT_MISSING' ? new Refused('TENANT_NOT_FOUND', 'no such tenant is visible') : error;
  });
}

/** Exactly the kinds the pipeline admits, each once. The pipeline itself is not the caller's to bring. */
function checkKinds(inputs: readonly ArtifactRef[], admission: readonly string[]): void {
  const wanted = admission.filter((kind) => kind !== 'pipeline');
  const given = inputs.map(({ kind }) => kind);
  if (wanted.includes('mandate') && !given.includes('mandate'))
    throw new Refused('MANDATE_MISSING', 'the pipeline asks for a mandate');
  const missing = wanted.filter((kind) => !given.includes(kind));
  const extra = given.filter((kind, at) => !wanted.includes(kind) || given.indexOf(kind) !== at);
  if (missing.length > 0) throw new Refused('REQUEST_INVALID', `inputs lack ${missing.join(', ')}`);
  if (extra.length > 0)
    throw new Refused('REQUEST_INVALID', `inputs have ${extra.join(', ')} too often or without need`);
}

async function checkStored(artifacts: ArtifactStore, tenant: string, inputs: readonly ArtifactRef[]): Promise<void> {
  for (const { kind, ref, size } of inputs) {
    const found = await artifacts.stat(tenant, ref);
    if (found === null) throw new Refused('ARTIFACT_NOT_FOUND', `${kind} ${ref} is not stored`);
    if (found.size !== size)
      throw new Refused('REQUEST_INVALID', `${kind} ${ref} has ${found.size} bytes, not ${size}`);
  }
}

async function originalOf(
  reads: Reads,
  tenant: string,
  rerun_of: string | null,
  run_key: Digest,
): Promise<Yield | null> {
  if (rerun_of === null) return null;
  const original = await reads.state(tenant, rerun_of);
  const admitted = admitRerun(original, run_key);
  if (!admitted.ok) throw Refused.from(admitted);
  return original === null ? null : yieldOf(original);
}

/**
 * Makes a start request into everything a build is admitted with: its pipeline is pinned as a snapshot and an artifact, its inputs are stored, its keys are
 * computed once (ID-08). Nothing is started yet.
 * @throws Refused TENANT_NOT_FOUND, REQUEST_INVALID, MANDATE_MISSING, ARTIFACT_NOT_FOUND; for a rerun also
 * BUILD_NOT_FOUND and BUILD_TRANSITION_ILLEGAL
 */
export async function admittedOf(
  deps: Deps,
  tenant_id: string,
  asked: StartBuild,
  more: { traceparent: string | null; requestKey: string | null },
): Promise<Admitted> {
  const { db, artifacts, trust, reads, snapshots } = deps;
  await checkTenant(trust, tenant_id);
  const pipeline = Object.hasOwn(pipelines, asked.pipeline) ? pipelines[asked.pipeline] : undefined;
  if (pipeline === undefined)
    throw new Refused(
      'REQUEST_INVALID',
      `no pipeline ${asked.pipeline}; there are ${Object.keys(pipelines).join(', ')}`,
    );
  const given = asked.inputs as ArtifactRef[];
  checkKinds(given, pipeline.admission);
  await checkStored(artifacts, tenant_id, given);
  const snapshot = canonicalBytes(pipeline);
  const pipeline_ref = digestOfBytes(snapshot);
  const stored = await artifacts.put(tenant_id, 'pipeline', 'application/json', snapshot);
  const inputs = [...given, stored].sort(compareRefs);
  await snapshots.keep(db, [{ ref: pipeline_ref, pipeline }]);
  const run_key = runKey(tenant_id, pipeline, pipeline_ref, inputs);
  return {
    tenant_id,
    build_id: newId('bld'),
    pipeline,
    pipeline_ref,
    mandate_ref: given.find(({ kind }) => kind === 'mandate')?.ref ?? digestOfNothing,
    inputs,
    trigger: asked.trigger,
    rerun_of: asked.rerun_of,
    original: await originalOf(reads, tenant_id, asked.rerun_of, run_key),
    run_key,
    subject_key: subjectKey(tenant_id, pipeline.pipeline_id, inputs),
    request: more.requestKey === null ? null : { key: more.requestKey, digest: digestOf(asked) },
    traceparent: more.traceparent,
  };
}
