import type { Pipeline } from '../pipeline.ts';
import { kristalPipeline } from './kristal.ts';
import { from, one, stage } from './stage.ts';

/** The Kristal spine up to validation, and a profile of the validated corpus and its claims in place of the compilers; it is made by a program in another language. */
export const corpusProfilePipeline: Pipeline = {
  v: 1,
  pipeline_id: 'corpus-profile',
  version: '1.0.0',
  title: 'Raw inputs to a profile of a validated corpus',
  admission: kristalPipeline.admission,
  stages: [
    ...kristalPipeline.stages.slice(0, 5),
    stage(
      'profile',
      [...from('ingest', 'snapshot-set'), ...from('extract', 'claim-ir-lines')],
      [one('corpus-profile')],
      {
        adapter: 'python-profile',
        config: { tool: { name: 'python-profile', version: '1.0.0' } },
      },
    ),
  ],
  outcome_on_gate_fail: kristalPipeline.outcome_on_gate_fail,
};
