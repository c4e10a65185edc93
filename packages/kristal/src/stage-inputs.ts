import type { ReasonCode } from '@orgo/contracts';
import { canonicalBytes, compareText, type JsonValue, parseStrict } from '@orgo/core';
import type { z } from 'zod';
import { artifactLimits } from './json-lines.ts';
import {
  type StageCoreContext,
  type StageDiagnostic,
  type StageInput,
  type StageOutput,
  type StageResult,
  stageRefusal,
} from './stage-core.ts';

/** The one input of a kind. Refuses with `code` where there is none or more than one. */
export function inputOf(
  ctx: StageCoreContext,
  kind: string,
  code: ReasonCode = 'STAGE_INPUT_INVALID',
): StageResult<StageInput> {
  const found = ctx.inputs.filter((input) => input.kind === kind);
  const [only] = found;
  return found.length === 1 && only
    ? { ok: true, value: only }
    : stageRefusal(code, `${found.length} inputs of kind ${kind}; one is needed`);
}

/** Checks a JSON value against a schema. Refuses with `code`; the detail names the first rule that failed, `path` where. */
export function checked<T extends z.ZodType>(
  value: JsonValue,
  schema: T,
  what: string,
  code: ReasonCode = 'STAGE_INPUT_INVALID',
): StageResult<z.output<T>> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  return stageRefusal(code, `${what}: ${issue?.message ?? 'invalid'}`, `/${(issue?.path ?? []).join('/')}`);
}

/**
 * Reads the one JSON input of a kind: strict reader, then schema. Every refusal carries `code`, so that a stage names what is wrong
 * in its own words (a mandate that does not parse is MANDATE_INVALID).
 */
export async function readInput<T extends z.ZodType>(
  ctx: StageCoreContext,
  kind: string,
  schema: T,
  code: ReasonCode = 'STAGE_INPUT_INVALID',
): Promise<StageResult<{ ref: string; value: z.output<T> }>> {
  const input = inputOf(ctx, kind, code);
  if (!input.ok) return input;
  const json = parseStrict(await ctx.read(input.value.ref), artifactLimits);
  if (!json.ok) return stageRefusal(code, `${kind}: ${json.detail}`, json.path);
  const value = checked(json.value, schema, kind, code);
  return value.ok ? { ok: true, value: { ref: input.value.ref, value: value.value } } : value;
}

/** A JSON artifact: its canonical bytes, which are also what its reference hashes. */
export function jsonOutput(kind: string, value: unknown): StageOutput {
  return { kind, media_type: 'application/json', bytes: canonicalBytes(value) };
}

/** Counts codes; sorted by code, zero counts left out. */
export function diagnosticsOf(codes: Iterable<string>): StageDiagnostic[] {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => ({ code, count })).sort((a, b) => compareText(a.code, b.code));
}
