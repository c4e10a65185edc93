import type { StageRun } from '@orgo/adapter-sdk';
import { canonicalBytes, parseStrict, refuse } from '@orgo/core';
import { z } from 'zod';

const configSchema = z.object({ step: z.int().min(1) });
const textSchema = z.object({ text: z.string().max(10_000) });

/**
 * Says what it was told: the text of its one input, which step this is, and what it was made from. The ring alone, without work in it.
 * Refuses with `STAGE_INPUT_INVALID` an input that is no JSON with a text, or a configuration without a step.
 */
export const runEcho: StageRun = async ({ config, inputs, read }) => {
  const { success, data } = configSchema.safeParse(config);
  if (!success) return refuse('STAGE_INPUT_INVALID', 'the configuration names no step');
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    return refuse('STAGE_INPUT_INVALID', `${inputs.length} inputs; one is needed`);
  const json = parseStrict(await read(input.ref));
  const said = textSchema.safeParse(json.ok ? json.value : undefined);
  if (!said.success) return refuse('STAGE_INPUT_INVALID', json.ok ? 'the input holds no text' : json.detail);

  const { text } = said.data;
  const bytes = canonicalBytes({ step: data.step, of: [input.ref], text });
  const outputs = [{ kind: 'echo-text', media_type: 'application/json', bytes }];
  return { ok: true, value: { outputs, metrics: { bytes: bytes.length }, diagnostics: [] } };
};
