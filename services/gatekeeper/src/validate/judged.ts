import { digestOf, type JsonValue, parseStrict } from '@orgo/core';
import {
  artifactLimits,
  decodeLines,
  inputOf,
  type Judged,
  type JudgedLines,
  type StageCoreContext,
  type StageResult,
} from '@orgo/kristal';
import type { z } from 'zod';

/**
 * Reads an input that is to be judged. What does not match its schema is kept as it stands, with the problem: that is for the report
 * to say. Refuses with `STAGE_INPUT_INVALID` only where the input is absent.
 */
export async function readJudged<T>(
  ctx: StageCoreContext,
  kind: string,
  schema: z.ZodType<T>,
): Promise<StageResult<Judged<T>>> {
  const input = inputOf(ctx, kind);
  if (!input.ok) return input;
  const { ref } = input.value;
  const json = parseStrict(await ctx.read(ref), artifactLimits);
  if (!json.ok) {
    const problem = { path: json.path ?? '', message: json.code };
    return { ok: true, value: { ref, raw: null, value: undefined, problem } };
  }
  return { ok: true, value: judgedOf(ref, json.value, schema) };
}

/** Reads a JSON Lines input that is to be judged, line by line. Refuses with `STAGE_INPUT_INVALID` only where the input is absent. */
export async function readJudgedLines<T>(
  ctx: StageCoreContext,
  kind: string,
  schema: z.ZodType<T>,
): Promise<StageResult<JudgedLines<T>>> {
  const input = inputOf(ctx, kind);
  if (!input.ok) return input;
  const { ref } = input.value;
  const decoded = decodeLines(await ctx.read(ref));
  if (!decoded.ok) {
    return { ok: true, value: { ref, lines: [], problem: { path: decoded.path ?? '', message: decoded.code } } };
  }
  const lines = decoded.value.map((raw) => judgedOf(digestOf(raw), raw, schema));
  return { ok: true, value: { ref, lines, problem: undefined } };
}

function judgedOf<T>(ref: string, raw: JsonValue, schema: z.ZodType<T>): Judged<T> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { ref, raw, value: parsed.data, problem: undefined };
  const [issue] = parsed.error.issues;
  const problem = { path: `/${(issue?.path ?? []).join('/')}`, message: issue?.code ?? 'invalid' };
  return { ref, raw, value: undefined, problem };
}
