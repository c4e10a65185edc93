import type { Pipeline, StageDefinition } from '../pipeline.ts';

const json = 'application/json';
const limits = { memory_mb: 2048, input_bytes: 1_073_741_824, output_bytes: 67_108_864 };
const from = (stage: string, ...kinds: string[]) => kinds.map((kind) => ({ kind, from: stage }));

const stage = (
  name: string,
  inputs: StageDefinition['inputs'],
  outputs: [kind: string, media_type: string][],
  more: Partial<StageDefinition>,
): StageDefinition => ({
  stage: name,
  adapter: name,
  inputs,
  outputs: outputs.map(([kind, media_type]) => ({ kind, media_type, min: 1, max: 1 })),
  config: { limits },
  gate: 'contract',
  lease_ms: 120_000,
  max_attempts: 3,
  backoff: { base_ms: 250, max_ms: 30_000 },
  on_exhausted: 'BLOCK',
  exhausted_code: 'STAGE_ATTEMPTS_EXHAUSTED',
  ...more,
});

/**
 * What follows a release (seed 002, stages 7 and 8): cards of the released pack, their check by another process than made them, and governed
 * tasks. `after-request` names the release and its pack; the gatekeeper admits it only where a node confirmed that release.
 */
export const kristalAfterPipeline: Pipeline = {
  v: 1,
  pipeline_id: 'kristal-after',
  version: '1.0.0',
  title: 'A released pack to checked cards and the signals of governed tasks',
  admission: ['after-request', 'pack-manifest'],
  stages: [
    stage('render', from('admission', 'after-request', 'pack-manifest'), [['render-bundle', json]], {
      // The digest of the template: what a card may hold beside the pack.
      config: { limits, template_ref: 'sha256:e42d9554f781e81873c1ab92e8ac374ef71eb5f56b15b93605080d694f09f184' },
    }),
    stage(
      'check-render',
      [...from('admission', 'after-request', 'pack-manifest'), ...from('render', 'render-bundle')],
      [['validation-report', json]],
      { gate: 'validation', on_exhausted: 'FAIL', exhausted_code: 'VALIDATION_TIMEOUT' },
    ),
    stage(
      'execute',
      from('admission', 'after-request', 'pack-manifest'),
      [
        ['execution-report', json],
        ['signals', 'application/cloudevents-batch+json'],
      ],
      {
        config: {
          limits,
          tasks: ['contradiction-scan@1.0.0', 'pack-smoke@1.0.0'],
          ceiling: { rows: 1_000_000, milliseconds: 60_000, bytes: 268_435_456 },
        },
      },
    ),
  ],
  outcome_on_gate_fail: { 'check-render': 'VALIDATION_FAILED' },
};
