import type { ArtifactRef, Digest, Pipeline, StageDefinition } from '@orgo/contracts';
import { digestOf } from '@orgo/core';

/**
 * The chain of idempotency keys. Each is H over a typed array, so that no two ways of joining parts can meet; time, attempt
 * and host are in none of them. A key is stored when it is made; on resume it is made again only to be compared (ID-08, ID-09).
 */

const refsOf = (inputs: readonly ArtifactRef[]): string[] => inputs.map((input) => `${input.kind} ${input.ref}`).sort();

/** Same key: the same pipeline, mandate and inputs. A finished build with this key is the answer to asking again. */
export const runKey = (
  tenant_id: string,
  pipeline: Pipeline,
  pipeline_ref: Digest,
  admitted: readonly ArtifactRef[],
): Digest =>
  digestOf(['orgo.run.v1', tenant_id, pipeline.pipeline_id, pipeline.version, pipeline_ref, refsOf(admitted)]);

/** Same key: the same matter, whatever the pins. Only one build of a subject is live (ID-10). */
export const subjectKey = (tenant_id: string, pipeline_id: string, admitted: readonly ArtifactRef[]): Digest =>
  digestOf([
    'orgo.subj.v1',
    tenant_id,
    pipeline_id,
    refsOf(admitted.filter(({ kind }) => !['mandate', 'mandate-signature', 'pipeline'].includes(kind))),
  ]);

/** Key of a stage: chained to the key before it, over exactly what it was authorized for and how it is configured. */
export const stageKey = (
  stage: StageDefinition,
  before: Digest,
  inputs: readonly ArtifactRef[],
  pipeline_ref: Digest,
): Digest =>
  digestOf([
    'orgo.idem.v1',
    stage.stage,
    before,
    refsOf(inputs),
    [stage.adapter, pipeline_ref, digestOf(stage.config)],
  ]);

/** Key of the end: over the keys of all stages that were decided. */
export const closeKey = (run_key: Digest, stages: readonly Digest[], outcome: string): Digest =>
  digestOf(['orgo.close.v1', run_key, stages, outcome]);

/** Key of a person’s cancellation: one per run. */
export const cancelKey = (build_id: string, run_key: Digest): Digest => digestOf(['orgo.cancel.v1', build_id, run_key]);
