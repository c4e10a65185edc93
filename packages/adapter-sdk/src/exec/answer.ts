import { reasonCodeSchema, replySchema } from '@orgo/contracts';
import { type JsonValue, parseStrict } from '@orgo/core';
import { Fault } from '@orgo/runtime/errors';
import { z } from 'zod';
import type { StageInput } from '../define.ts';
import type { Link } from './links.ts';

/** What a program reads on standard input: one JSON object, then the end. There is no clock, build or attempt in it. */
export type ProgramTask = {
  v: 1;
  /** Each with the path of a copy of its verified bytes. */
  inputs: (StageInput & { path: string })[];
  /** Artifacts that inputs name where the program follows, each with the path of a copy of its verified bytes. */
  linked: (Link & { size: number; path: string })[];
  config: JsonValue;
  /** The only time an output may hold. */
  as_of: string;
  /** Where outputs are written; empty at first. */
  output_dir: string;
  limits: { output_bytes: number; answer_bytes: number };
};

const answerSchema = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('ok'),
    outputs: z
      .array(
        z.strictObject({
          kind: z.string().max(63),
          media_type: z.string().max(127),
          path: z.string().min(1).max(1024),
        }),
      )
      .max(512),
    metrics: replySchema.shape.metrics.default({}),
    diagnostics: replySchema.shape.diagnostics.default([]),
  }),
  z.strictObject({
    status: z.literal('failed'),
    code: reasonCodeSchema,
    detail: z.string().max(2000).default(''),
  }),
]);

/** What a program writes on standard output: one JSON object and nothing else. */
export type ProgramAnswer = z.output<typeof answerSchema>;

/** Reads standard output strictly. @throws Fault EXEC_ANSWER_INVALID */
export function readAnswer(bytes: Uint8Array): ProgramAnswer {
  const invalid = (detail: string) => new Fault('EXEC_ANSWER_INVALID', detail);
  if (bytes.length === 0) throw invalid('standard output is empty');
  const json = parseStrict(bytes, { maxBytes: Number.MAX_SAFE_INTEGER });
  if (!json.ok) throw invalid(`standard output: ${json.code} ${json.detail}`);
  const parsed = answerSchema.safeParse(json.value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`standard output: /${(issue?.path ?? []).join('/')} ${issue?.message ?? ''}`);
}
