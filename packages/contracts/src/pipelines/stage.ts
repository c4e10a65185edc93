import type { StageDefinition } from '../pipeline.ts';

/** Exactly one output of a kind. */
export const one = (kind: string, media_type = 'application/json') => ({ kind, media_type, min: 1, max: 1 });

/** Inputs of these kinds from an earlier stage, or from the admission. */
export const from = (stage: string, ...kinds: string[]) => kinds.map((kind) => ({ kind, from: stage }));

/** A stage that is answered by the adapter of its name, unless `more` says otherwise: two minutes, three attempts, and then a person. */
export const stage = (
  name: string,
  inputs: StageDefinition['inputs'],
  outputs: StageDefinition['outputs'],
  more: Partial<StageDefinition> & Pick<StageDefinition, 'config'>,
): StageDefinition => ({
  stage: name,
  adapter: name,
  inputs,
  outputs,
  gate: 'contract',
  lease_ms: 120_000,
  max_attempts: 3,
  backoff: { base_ms: 250, max_ms: 30_000 },
  on_exhausted: 'BLOCK',
  exhausted_code: 'STAGE_ATTEMPTS_EXHAUSTED',
  ...more,
});
