import type { Pipeline, StageDefinition } from '../pipeline.ts';
import { from, one, stage as stageOf } from './stage.ts';

const jsonl = 'application/jsonl';
/** Documents that were put aside, where the mandate allows it. */
const deadLetters = { kind: 'dead-letters', media_type: 'application/json', min: 0, max: 1 };

/** What one attempt may use; adapters hold it, and may allow less. */
const limits = { memory_mb: 2048, input_bytes: 1_073_741_824, output_bytes: 1_073_741_824 };

const stage = (
  name: string,
  inputs: StageDefinition['inputs'],
  outputs: StageDefinition['outputs'],
  more: Partial<StageDefinition> = {},
): StageDefinition => stageOf(name, inputs, outputs, { config: { limits }, ...more });

/** The Kristal spine (seed 000, 002): pin → ingest → extract → resolve → validate → compile Exchange → compile Runtime Pack. */
export const kristalPipeline: Pipeline = {
  v: 1,
  pipeline_id: 'kristal',
  version: '1.1.0',
  title: 'Raw inputs to a Kristal Exchange and a Runtime Pack',
  admission: ['build-request', 'mandate', 'mandate-signature', 'pipeline'],
  stages: [
    stage('pin', from('admission', 'build-request', 'mandate', 'pipeline'), [one('pinned-context')]),
    stage(
      'ingest',
      [...from('admission', 'build-request'), ...from('pin', 'pinned-context')],
      [one('snapshot-set'), deadLetters],
    ),
    stage(
      'extract',
      [...from('pin', 'pinned-context'), ...from('ingest', 'snapshot-set')],
      [one('claim-ir-batch'), one('claim-ir-lines', jsonl), deadLetters],
    ),
    stage(
      'resolve',
      [
        ...from('pin', 'pinned-context'),
        ...from('ingest', 'snapshot-set'),
        ...from('extract', 'claim-ir-batch', 'claim-ir-lines'),
      ],
      [one('resolved-batch'), one('resolved-lines', jsonl), one('resolution-run')],
      { exhausted_code: 'RESOLVE_TIMEOUT' },
    ),
    stage(
      'validate',
      [
        ...from('pin', 'pinned-context'),
        ...from('ingest', 'snapshot-set'),
        ...from('extract', 'claim-ir-batch', 'claim-ir-lines'),
        ...from('resolve', 'resolved-batch', 'resolved-lines', 'resolution-run'),
      ],
      [one('validation-report')],
      { gate: 'validation', on_exhausted: 'FAIL', exhausted_code: 'VALIDATION_TIMEOUT' },
    ),
    stage(
      'compile-exchange',
      [
        ...from('pin', 'pinned-context'),
        ...from('ingest', 'snapshot-set'),
        ...from('extract', 'claim-ir-batch', 'claim-ir-lines'),
        ...from('resolve', 'resolved-batch', 'resolved-lines'),
        ...from('validate', 'validation-report'),
      ],
      [one('exchange'), one('exchange-manifest')],
      { exhausted_code: 'COMPILE_FAILED' },
    ),
    stage(
      'compile-pack',
      [
        ...from('pin', 'pinned-context'),
        ...from('validate', 'validation-report'),
        ...from('compile-exchange', 'exchange', 'exchange-manifest'),
      ],
      [one('pack-manifest'), { kind: 'pack-file', media_type: 'application/octet-stream', min: 1, max: 64 }],
      { exhausted_code: 'COMPILE_FAILED' },
    ),
  ],
  outcome_on_gate_fail: { validate: 'VALIDATION_FAILED' },
};
