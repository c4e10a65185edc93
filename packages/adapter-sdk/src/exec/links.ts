import { isDigest, type JsonValue, parseStrict } from '@orgo/core';
import { Refused } from '@orgo/runtime/errors';
import type { StageInput } from '../define.ts';
import { jsonArtifactLimits } from './json-artifact.ts';
import type { Program } from './program.ts';

/** An artifact that an input names: which input and where, and its digest. */
export type Link = { kind: string; at: string; ref: string };

/** The values that a pointer leads to; `*` stands for every element or member. */
const valuesAt = (value: JsonValue | undefined, [step, ...rest]: readonly string[]): JsonValue[] => {
  if (value === undefined) return [];
  if (step === undefined) return [value];
  if (value === null || typeof value !== 'object') return [];
  const next = step === '*' ? Object.values(value) : Object.hasOwn(value, step) ? [Reflect.get(value, step)] : [];
  return next.flatMap((one) => valuesAt(one as JsonValue, rest));
};

/**
 * What an input names by digest where its program wants to follow, each once, in the order of the text.
 * @throws Refused STAGE_INPUT_INVALID when the input is no JSON, or has something else than a digest there.
 */
export function linksOf(input: StageInput, bytes: Uint8Array, follow: Program['follow']): Link[] {
  const wanted = follow.filter(({ kind }) => kind === input.kind);
  if (wanted.length === 0) return [];
  const json = parseStrict(bytes, jsonArtifactLimits);
  if (!json.ok) throw new Refused('STAGE_INPUT_INVALID', `${input.kind}: ${json.code} ${json.detail}`);
  const links = new Map<string, Link>();
  for (const { kind, at } of wanted)
    for (const ref of valuesAt(json.value, at.slice(1).split('/'))) {
      if (typeof ref !== 'string' || !isDigest(ref))
        throw new Refused('STAGE_INPUT_INVALID', `${kind}${at} has ${JSON.stringify(ref).slice(0, 80)}, no digest`);
      links.set(ref, { kind, at, ref });
    }
  return [...links.values()];
}
