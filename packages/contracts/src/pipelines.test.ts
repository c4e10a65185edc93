import { expect, it } from 'vitest';
import { isReasonCode, pipelineSchema, pipelines, stageOf } from './index.ts';

it.each(Object.entries(pipelines))('%s is a pipeline whose stages end with codes of the catalogue', (_, pipeline) => {
  expect(pipelineSchema.parse(pipeline)).toEqual(pipeline);
  for (const { exhausted_code } of pipeline.stages) expect(isReasonCode(exhausted_code)).toBe(true);
});

it('pins what each stage of a Kristal build may use: time, memory, bytes in and out', () => {
  for (const { lease_ms, config } of pipelines.kristal?.stages ?? []) {
    expect(lease_ms).toBe(120_000);
    expect(config.limits).toEqual({ memory_mb: 2048, input_bytes: 2 ** 30, output_bytes: 2 ** 30 });
  }
});

it('says of a Kristal build which of its stages did not come to an end', () => {
  const codes = ['ingest', 'resolve', 'validate', 'compile-exchange', 'compile-pack'].map(
    (stage) => pipelines.kristal && stageOf(pipelines.kristal, stage)?.exhausted_code,
  );
  expect(codes).toEqual([
    'STAGE_ATTEMPTS_EXHAUSTED',
    'RESOLVE_TIMEOUT',
    'VALIDATION_TIMEOUT',
    'COMPILE_FAILED',
    'COMPILE_FAILED',
  ]);
});
