import type { Pipeline } from '../pipeline.ts';
import { from, one, stage } from './stage.ts';

const limits = { memory_mb: 2048, input_bytes: 1_073_741_824, output_bytes: 67_108_864 };

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
    stage('render', from('admission', 'after-request', 'pack-manifest'), [one('render-bundle')], {
      // The digest of the template: what a card may hold beside the pack.
      config: { limits, template_ref: 'sha256:e42d9554f781e81873c1ab92e8ac374ef71eb5f56b15b93605080d694f09f184' },
    }),
    stage(
      'check-render',
      [...from('admission', 'after-request', 'pack-manifest'), ...from('render', 'render-bundle')],
      [one('validation-report')],
      { config: { limits }, gate: 'validation', on_exhausted: 'FAIL', exhausted_code: 'VALIDATION_TIMEOUT' },
    ),
    stage(
      'execute',
      from('admission', 'after-request', 'pack-manifest'),
      [one('execution-report'), one('signals', 'application/cloudevents-batch+json')],
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
