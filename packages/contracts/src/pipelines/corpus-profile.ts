import type { Pipeline } from '../pipeline.ts';
import { kristalPipeline } from './kristal.ts';

/** The Kristal spine up to validation, and a profile of the validated corpus and its claims in place of the compilers; it is made by a program in another language. */
export const corpusProfilePipeline: Pipeline = {
  v: 1,
  pipeline_id: 'corpus-profile',
  version: '1.0.0',
  title: 'Raw inputs to a profile of a validated corpus',
  admission: kristalPipeline.admission,
  stages: [
    ...kristalPipeline.stages.slice(0, 5),
    {
      stage: 'profile',
      adapter: 'python-profile',
      inputs: [
        { kind: 'snapshot-set', from: 'ingest' },
        { kind: 'claim-ir-lines', from: 'extract' },
      ],
      outputs: [{ kind: 'corpus-profile', media_type: 'application/json', min: 1, max: 1 }],
      config: { tool: { name: 'python-profile', version: '1.0.0' } },
      gate: 'contract',
      lease_ms: 120_000,
      max_attempts: 3,
      backoff: { base_ms: 250, max_ms: 30_000 },
      on_exhausted: 'BLOCK',
      exhausted_code: 'STAGE_ATTEMPTS_EXHAUSTED',
    },
  ],
  outcome_on_gate_fail: kristalPipeline.outcome_on_gate_fail,
};
