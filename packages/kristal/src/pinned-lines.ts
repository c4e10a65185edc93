import type { z } from 'zod';
import { decodeLines } from './json-lines.ts';
import { type StageCoreContext, type StageResult, stageRefusal } from './stage-core.ts';

/**
 * Reads a JSON Lines resource that a build pins. Refuses with `RESOURCE_VERSION_MISSING`, `path` = `line N`, where the content is not what
 * the kind of the pin promises.
 */
export async function readPinnedLines<T>(
  ctx: Pick<StageCoreContext, 'read'>,
  pin: { kind: string; ref: string },
  schema: z.ZodType<T>,
): Promise<StageResult<T[]>> {
  const lines = decodeLines(await ctx.read(pin.ref));
  if (!lines.ok) return stageRefusal('RESOURCE_VERSION_MISSING', `${pin.kind}: ${lines.detail}`, lines.path);
  const values: T[] = [];
  for (const [i, line] of lines.value.entries()) {
    const parsed = schema.safeParse(line);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return stageRefusal('RESOURCE_VERSION_MISSING', `${pin.kind}: ${issue?.message}`, `line ${i + 1}`);
    }
    values.push(parsed.data);
  }
  return { ok: true, value: values };
}
