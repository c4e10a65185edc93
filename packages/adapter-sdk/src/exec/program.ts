import fs from 'node:fs';
import path from 'node:path';
import { nameSchema, stageDefinitionSchema } from '@orgo/contracts';
import { parseStrict } from '@orgo/core';
import { z } from 'zod';

const mebibyte = 1_048_576;

/**
 * A stage whose core is a program, as data: `adapter.json`. `outputs` is the contract of what it may hand over, in the shape a pipeline uses; `follow` says
 * where JSON inputs of a kind name further artifacts that it wants to read, by JSON pointers with `*` for every element; `env` are constants that it gets
 * beside the few variables every program gets.
 */
export const programSchema = z.strictObject({
  v: z.literal(1),
  adapter: nameSchema,
  version: z.string().regex(/^[\x21-\x7e]{1,64}$/),
  command: z.array(z.string().min(1).max(4096)).min(1).max(64),
  outputs: stageDefinitionSchema.shape.outputs,
  follow: z
    .array(z.strictObject({ kind: nameSchema, at: z.string().regex(/^(\/[^/~]+)+$/) }))
    .max(16)
    .default([]),
  env: z.record(z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/), z.string().max(4096)).default({}),
  limits: z
    .strictObject({
      concurrency: z.int().min(1).max(64).default(2),
      output_bytes: z
        .int()
        .min(1)
        .default(1024 * mebibyte),
      answer_bytes: z.int().min(2).default(mebibyte),
    })
    .prefault({}),
});
export type Program = z.output<typeof programSchema>;

/**
 * The command with its files made absolute: programs run in a folder of their own, so a word that names a file beside `base` would mean nothing there. The
 * first word is looked up on PATH unless it has a slash.
 */
export const commandIn = (base: string, command: readonly string[]): string[] =>
  command.map((word, i) => {
    const file = path.resolve(base, word);
    return (i > 0 || word.includes('/')) && fs.existsSync(file) ? file : word;
  });

/** Reads an `adapter.json`; its command's files are relative to it. @throws TypeError that says what is wrong: only its author can have made it so. */
export function readProgram(file: string): Program {
  const json = parseStrict(fs.readFileSync(file));
  if (!json.ok) throw new TypeError(`${file}: ${json.detail}`);
  const parsed = programSchema.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TypeError(`${file}: /${(issue?.path ?? []).join('/')} ${issue?.message ?? ''}`);
  }
  return { ...parsed.data, command: commandIn(path.dirname(path.resolve(file)), parsed.data.command) };
}
