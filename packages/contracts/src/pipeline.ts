import { z } from 'zod';
import { nameSchema } from './ids.ts';

/** Where an input comes from: what was admitted with the build, or an accepted output of an earlier stage. */
const inputSchema = z.strictObject({ kind: nameSchema, from: z.union([z.literal('admission'), nameSchema]) });

const outputSchema = z.strictObject({
  kind: nameSchema,
  media_type: z.string().min(1).max(127),
  min: z.int().min(0).max(512),
  max: z.int().min(1).max(512),
});

/** One stage of a pipeline, as data: contract, gate, lease, retries, and what its end means. */
export const stageDefinitionSchema = z
  .strictObject({
    stage: nameSchema,
    adapter: nameSchema,
    inputs: z.array(inputSchema).max(64),
    outputs: z.array(outputSchema).min(1).max(64),
    config: z.record(z.string(), z.json()),
    gate: z
      .enum(['contract', 'validation'])
      .meta({ description: 'validation: the verdict follows from the report and the pinned policy' }),
    lease_ms: z.int().min(100).meta({ description: 'How long one attempt may take before it is fenced' }),
    max_attempts: z.int().min(1).max(10),
    backoff: z.strictObject({ base_ms: z.int().min(0), max_ms: z.int().min(0) }),
    on_exhausted: z.enum(['BLOCK', 'FAIL']).meta({ description: 'BLOCK leaves the build to a person; FAIL ends it' }),
    exhausted_code: z.string().meta({ description: 'Reason code of the exhausted stage' }),
  })
  .meta({ id: 'StageDefinition' });
export type StageDefinition = z.infer<typeof stageDefinitionSchema>;

/** A pipeline: a versioned, content-addressed document. A build embeds its snapshot, so later edits never reach it. */
export const pipelineSchema = z
  .strictObject({
    v: z.literal(1),
    pipeline_id: nameSchema,
    version: z.string().regex(/^\d+\.\d+\.\d+$/),
    title: z.string().min(1).max(200),
    admission: z.array(nameSchema).min(1).max(16).meta({ description: 'Kinds that must be admitted with the build' }),
    stages: z.array(stageDefinitionSchema).min(1).max(32),
    outcome_on_gate_fail: z
      .record(nameSchema, z.enum(['VALIDATION_FAILED', 'FAILED']))
      .meta({ description: 'Stage → build outcome when its gate says FAIL; FAILED otherwise' }),
  })
  .meta({ id: 'Pipeline' });
export type Pipeline = z.infer<typeof pipelineSchema>;

export const stageOf = (pipeline: Pipeline, stage: string): StageDefinition | undefined =>
  pipeline.stages.find((s) => s.stage === stage);
/** The stage after `stage`, the first for null, undefined after the last. */
export function stageAfter(pipeline: Pipeline, stage: string | null): StageDefinition | undefined {
  if (stage === null) return pipeline.stages[0];
  const i = pipeline.stages.findIndex((s) => s.stage === stage);
  return i < 0 ? undefined : pipeline.stages[i + 1];
}
/** Names of the adapters a pipeline needs, each once. */
export const adaptersOf = (pipeline: Pipeline): string[] => [...new Set(pipeline.stages.map((s) => s.adapter))];
