import type { ArtifactRef, Digest, Pipeline, StageDefinition } from '@orgo/contracts';
import { sortRefs } from '@orgo/core';
import type { Finding } from './facts.ts';
import type { StageGate } from './state.ts';

/** What earlier turns made available to a stage: admitted artifacts and the outputs of accepted stages. */
export type Available = { admitted: readonly ArtifactRef[]; outputs: Readonly<Record<string, readonly ArtifactRef[]>> };

/** The accepted outputs of every stage that passed. */
export function acceptedOutputs(stages: Readonly<Record<string, StageGate>>): Record<string, readonly ArtifactRef[]> {
  const passed = Object.entries(stages).filter(([, stage]) => stage.accepted?.verdict === 'PASS');
  return Object.fromEntries(passed.map(([name, stage]) => [name, stage.accepted?.outputs ?? []]));
}

/** Exactly the artifacts that a stage's definition asks for, sorted; or what is missing. */
export function stageInputs(
  stage: StageDefinition,
  available: Available,
): { ok: true; inputs: ArtifactRef[] } | ({ ok: false } & Finding) {
  const found: ArtifactRef[] = [];
  for (const { kind, from } of stage.inputs) {
    const source = from === 'admission' ? available.admitted : (available.outputs[from] ?? []);
    const matching = source.filter((ref) => ref.kind === kind);
    if (matching.length === 0)
      return { ok: false, code: 'STAGE_INPUT_INVALID', detail: `${stage.stage} needs ${kind} from ${from}` };
    found.push(...matching);
  }
  const inputs = sortRefs(found);
  return inputs.length > 256
    ? { ok: false, code: 'ENTRY_TOO_LARGE', detail: `${stage.stage} would have ${inputs.length} inputs` }
    : { ok: true, inputs };
}

/** Decisions an authorization of `stage` rests on: of admission, and of each stage its inputs come from. */
export function restsOn(
  stage: StageDefinition,
  admission: Digest,
  stages: Readonly<Record<string, StageGate>>,
): Digest[] {
  const sources = [...new Set(stage.inputs.map((input) => input.from))].filter((from) => from !== 'admission');
  return [admission, ...sources.flatMap((from) => stages[from]?.accepted?.decision ?? [])];
}

/** True for a stage that makes canon: no pipeline may reach it past a validation gate. */
export const isCompile = (stage: StageDefinition): boolean =>
  stage.stage.startsWith('compile') ||
  stage.outputs.some((output) => output.kind === 'exchange' || output.kind === 'pack-manifest');

/** Whether some stage with a validation gate comes before `stage` in the pipeline. */
export function validatedBefore(pipeline: Pipeline, stage: StageDefinition): boolean {
  return pipeline.stages.slice(0, pipeline.stages.indexOf(stage)).some((earlier) => earlier.gate === 'validation');
}
