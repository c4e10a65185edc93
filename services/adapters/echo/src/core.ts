import type { StageRun } from '@orgo/adapter-sdk';
import { canonicalBytes, parseStrict, refuse } from '@orgo/core';
import { z } from 'zod';

const configSchema = z.object({ step: z.int().min(1) });
const saidSchema = z.object({ text: z.string().max(10_000), refuse_at: z.int().min(1).optional() });

/**
 * Says what it was told: the text of its one input, which step this is, and what it was made from. The ring alone, without work in it.
 * Refuses with `STAGE_INPUT_INVALID` an input that is no JSON with a text, a configuration without a step, and at the step that the request names in
 * `refuse_at` whatever it gets: a FAIL in the middle, as bad content gives it.
 */
export const runEcho: StageRun = async ({ config, inputs, read }) => {
  const { success, data } = configSchema.safeParse(config);
  if (!success) return refuse('STAGE_INPUT_INVALID', 'the configuration names no step');
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    return refuse('STAGE_INPUT_INVALID', `${inputs.length} inputs; one is needed`);
  const json = parseStrict(await read(input.ref));
  const said = saidSchema.safeParse(json.ok ? json.value : undefined);
  if (!said.success) return refuse('STAGE_INPUT_INVALID', json.ok ? 'the input holds no text' : json.detail);

  const { text, refuse_at } = said.data;
  if (refuse_at === data.step) return refuse('STAGE_INPUT_INVALID', `the input is to be refused at step ${refuse_at}`);
  const asked = refuse_at === undefined ? {} : { refuse_at };
  const bytes = canonicalBytes({ step: data.step, of: [input.ref], text, ...asked });
  const outputs = [{ kind: 'echo-text', media_type: 'application/json', bytes }];
  return { ok: true, value: { outputs, metrics: { bytes: bytes.length }, diagnostics: [] } };
};
