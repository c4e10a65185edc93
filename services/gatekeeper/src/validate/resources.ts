import { parseStrict } from '@orgo/core';
import {
  artifactLimits,
  type GazetteerEntity,
  GazetteerEntitySchema,
  type GazetteerProperty,
  GazetteerPropertySchema,
  type ResolutionHint,
  ResolutionHintSchema,
  type ResourcePins,
  readPinnedLines,
  type SnapshotContent,
  type SnapshotSet,
  type StageCoreContext,
  type StageResult,
  snapshotText,
  stageRefusal,
} from '@orgo/kristal';

/** The pinned resources, by id. */
export type Resources = {
  entities: ReadonlyMap<string, GazetteerEntity>;
  properties: ReadonlyMap<string, GazetteerProperty>;
  hints: readonly ResolutionHint[];
};

/** Reads the gazetteers and hints a build pins. Refuses with `RESOURCE_VERSION_MISSING` where one is not what its kind promises. */
export async function readResources(ctx: StageCoreContext, pins: ResourcePins): Promise<StageResult<Resources>> {
  const entities = await readPinnedLines(ctx, pins.entities, GazetteerEntitySchema);
  if (!entities.ok) return entities;
  const properties = await readPinnedLines(ctx, pins.properties, GazetteerPropertySchema);
  if (!properties.ok) return properties;
  const hints = pins.hints
    ? await readPinnedLines(ctx, pins.hints, ResolutionHintSchema)
    : { ok: true as const, value: [] };
  if (!hints.ok) return hints;
  return {
    ok: true,
    value: {
      entities: new Map(entities.value.map((entity) => [entity.id, entity])),
      properties: new Map(properties.value.map((property) => [property.id, property])),
      hints: hints.value,
    },
  };
}

/** Reads every snapshot's text, by source id. Refuses with `STAGE_INPUT_INVALID` where a payload is not the text it should be. */
export async function readContents(
  ctx: StageCoreContext,
  set: SnapshotSet,
): Promise<StageResult<ReadonlyMap<string, SnapshotContent>>> {
  const contents = new Map<string, SnapshotContent>();
  for (const { ref, path, media_type, source } of set.snapshots) {
    const bytes = await ctx.read(ref);
    const text = snapshotText(bytes);
    if (!text.ok) return stageRefusal('STAGE_INPUT_INVALID', `${path}: ${text.detail}`);
    const json = media_type === 'application/json' ? parseStrict(bytes, artifactLimits) : undefined;
    contents.set(source.source_id, { text: text.value, json: json?.ok ? json.value : undefined });
  }
  return { ok: true, value: contents };
}
