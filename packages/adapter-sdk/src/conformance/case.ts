import fs from 'node:fs';
import path from 'node:path';
import { nameSchema, stageDefinitionSchema } from '@orgo/contracts';
import { type JsonValue, parseStrict, utf8 } from '@orgo/core';
import { Refused } from '@orgo/runtime/errors';
import { z } from 'zod';

/** An artifact that a case brings along. */
export type CaseArtifact = { kind: string; media_type: string; bytes: Uint8Array };

/** One valid piece of work for an adapter: the kit commands it in many ways, genuine and forged, and looks at the replies. */
export type ConformanceCase = {
  stage: string;
  config: Record<string, JsonValue>;
  inputs: CaseArtifact[];
  /** Artifacts that inputs refer to. */
  stored: CaseArtifact[];
  /** What may come out, in the shape of a pipeline. */
  outputs: z.output<typeof stageDefinitionSchema>['outputs'];
  /** Kinds that write `as_of`, or refer to one that does: they may differ with it. */
  as_of_kinds: string[];
  /** A configuration under which the work never ends, so that the end of a lease can be seen. */
  slow_config: Record<string, JsonValue> | null;
};

const artifactSchema = z
  .strictObject({
    kind: nameSchema,
    media_type: z.string().min(1).max(127),
    file: z.string().optional(),
    text: z.string().optional(),
  })
  .refine(({ file, text }) => (file === undefined) !== (text === undefined), 'either file or text');
const configSchema = z.record(z.string(), z.json());

const caseSchema = z.strictObject({
  v: z.literal(1),
  stage: nameSchema,
  config: configSchema.default({}),
  inputs: z.array(artifactSchema).max(256),
  stored: z.array(artifactSchema).max(4096).default([]),
  outputs: stageDefinitionSchema.shape.outputs.optional(),
  as_of_kinds: z.array(nameSchema).default([]),
  slow_config: configSchema.nullable().default(null),
});

/**
 * Reads a case file. Files are relative to it; `outputs` may be left to the adapter.json that declares them already.
 * @throws Refused CONFORMANCE_CASE_INVALID
 */
export function readCase(file: string, declared?: ConformanceCase['outputs']): ConformanceCase {
  const invalid = (why: string) => new Refused('CONFORMANCE_CASE_INVALID', `${file}: ${why}`);
  const read = (name: string): Uint8Array => {
    try {
      return fs.readFileSync(name);
    } catch (error) {
      throw invalid(error instanceof Error ? error.message : String(error));
    }
  };
  const json = parseStrict(read(file));
  if (!json.ok) throw invalid(json.detail);
  const parsed = caseSchema.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`/${(issue?.path ?? []).join('/')} ${issue?.message ?? ''}`);
  }
  const { stage, config, as_of_kinds, slow_config } = parsed.data;
  const outputs = parsed.data.outputs ?? declared;
  if (outputs === undefined) throw invalid('/outputs is absent, and nothing else declares them');
  const artifactOf = ({ kind, media_type, file: name, text }: z.output<typeof artifactSchema>): CaseArtifact => ({
    kind,
    media_type,
    bytes: name === undefined ? utf8(text ?? '') : read(path.resolve(path.dirname(file), name)),
  });
  return {
    stage,
    config: config as ConformanceCase['config'],
    inputs: parsed.data.inputs.map(artifactOf),
    stored: parsed.data.stored.map(artifactOf),
    outputs,
    as_of_kinds,
    slow_config: slow_config as ConformanceCase['slow_config'],
  };
}
