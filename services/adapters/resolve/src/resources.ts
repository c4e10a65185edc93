import { digestOfBytes, type JsonValue } from '@orgo/core';
import {
  decodeLines,
  type GazetteerEntity,
  GazetteerEntitySchema,
  type GazetteerProperty,
  GazetteerPropertySchema,
  type ResolutionHint,
  ResolutionHintSchema,
  type ResourcePins,
  type StageCoreContext,
  type StageResult,
  stageRefusal,
} from '@orgo/kristal';
import type { z } from 'zod';
import { Lexicon } from './lexicon.ts';

/** The pinned resources, indexed. `hints` maps a document and a name in it to the id a person chose. */
export type Resources = {
  entities: Lexicon<GazetteerEntity>;
  properties: Lexicon<GazetteerProperty>;
  hints: ReadonlyMap<string, string>;
};

/** Key of a hint: the same name in the same document. */
export const hintKey = (docId: string, surface: string) => `${docId}\u0000${surface}`;

/** Reads and checks what the context pins. Refuses with RESOURCE_VERSION_MISSING where a resource is not what its pin says (ST-28). */
export async function loadResources(ctx: StageCoreContext, pins: ResourcePins): Promise<StageResult<Resources>> {
  const entities = await loadLines(ctx, pins.entities, GazetteerEntitySchema);
  if (!entities.ok) return entities;
  const properties = await loadLines(ctx, pins.properties, GazetteerPropertySchema);
  if (!properties.ok) return properties;
  const hints = pins.hints ? await loadLines(ctx, pins.hints, ResolutionHintSchema) : undefined;
  if (hints && !hints.ok) return hints;
  for (const list of [entities.value, properties.value]) {
    if (new Set(list.map((line) => line.id)).size !== list.length) {
      return stageRefusal('RESOURCE_VERSION_MISSING', 'a gazetteer names one id twice');
    }
  }
  const chosen = (hints?.value ?? []) as ResolutionHint[];
  return {
    ok: true,
    value: {
      entities: new Lexicon(entities.value),
      properties: new Lexicon(properties.value),
      hints: new Map(chosen.map((hint) => [hintKey(hint.doc_id, hint.surface), hint.accepted_id])),
    },
  };
}

async function loadLines<T extends z.ZodType>(
  ctx: StageCoreContext,
  pin: ResourcePins['entities'],
  schema: T,
): Promise<StageResult<z.output<T>[]>> {
  const bytes = await ctx.read(pin.ref);
  if (bytes.length !== pin.size || digestOfBytes(bytes) !== pin.ref) {
    return stageRefusal('RESOURCE_VERSION_MISSING', `${pin.kind} is not the pinned ${pin.ref}`);
  }
  const lines = decodeLines(bytes);
  if (!lines.ok) return stageRefusal('RESOURCE_VERSION_MISSING', `${pin.kind}: ${lines.detail}`, lines.path);
  const values: z.output<T>[] = [];
  for (const [i, line] of (lines.value as JsonValue[]).entries()) {
    const parsed = schema.safeParse(line);
    if (!parsed.success) {
      return stageRefusal(
        'RESOURCE_VERSION_MISSING',
        `${pin.kind}: ${parsed.error.issues[0]?.message}`,
        `line ${i + 1}`,
      );
    }
    values.push(parsed.data);
  }
  return { ok: true, value: values };
}
