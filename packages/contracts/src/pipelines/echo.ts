import type { Pipeline } from '../pipeline.ts';

/** Eight trivial stages answered by one adapter: the ring alone, for tests of faults and for the benchmark. */
export const echoPipeline: Pipeline = {
  v: 1,
  pipeline_id: 'echo',
  version: '1.0.0',
  title: 'Eight trivial stages: the ring alone',
  admission: ['echo-request'],
  stages: Array.from({ length: 8 }, (_, i) => ({
    stage: `echo-${i + 1}`,
    adapter: 'echo',
    inputs: i === 0 ? [{ kind: 'echo-request', from: 'admission' }] : [{ kind: 'echo-text', from: `echo-${i}` }],
    outputs: [{ kind: 'echo-text', media_type: 'application/json', min: 1, max: 1 }],
    config: { step: i + 1 },
    gate: 'contract' as const,
    lease_ms: 10_000,
    max_attempts: 3,
    backoff: { base_ms: 50, max_ms: 2_000 },
    on_exhausted: 'BLOCK' as const,
    exhausted_code: 'STAGE_ATTEMPTS_EXHAUSTED',
  })),
  outcome_on_gate_fail: {},
};
