import { z } from 'zod';
import type { StageDefinition } from './define.ts';

/** What one command may use. Bytes; MiB of heap for a stage thread. */
export type Limits = { maxOutputBytes: number; maxInputBytes: number; maxMemoryMb: number };

const defaults: Limits = { maxOutputBytes: 1_073_741_824, maxInputBytes: 2_147_483_648, maxMemoryMb: 2048 };

/** `limits` of a stage's config in its pipeline. A word that is none of these is a mistake that must not mean “no limit”. */
const pinnedSchema = z.strictObject({
  output_bytes: z.int().min(1).optional(),
  input_bytes: z.int().min(1).optional(),
  memory_mb: z.int().min(16).max(65_536).optional(),
});

export type Pinned = { ok: true; limits: Limits; config: unknown } | { ok: false; detail: string };

/**
 * The limits of a command: what the pinned pipeline says in `limits` of the stage's config, never above what the adapter itself allows. They are taken
 * out of the config that the stage sees, so that its bytes cannot depend on them.
 */
export function limitsOf(definition: StageDefinition, config: unknown): Pinned {
  const own = { ...defaults, ...definition.limits };
  if (config === null || typeof config !== 'object' || Array.isArray(config) || !Object.hasOwn(config, 'limits'))
    return { ok: true, limits: own, config };
  const { limits, ...rest } = config as { limits: unknown };
  const parsed = pinnedSchema.safeParse(limits);
  if (!parsed.success)
    return {
      ok: false,
      detail: `limits: ${parsed.error.issues[0]?.path.join('.')} ${parsed.error.issues[0]?.message}`,
    };
  const { output_bytes, input_bytes, memory_mb } = parsed.data;
  const least = (pinned: number | undefined, allowed: number): number => Math.min(pinned ?? allowed, allowed);
  return {
    ok: true,
    config: rest,
    limits: {
      maxOutputBytes: least(output_bytes, own.maxOutputBytes),
      maxInputBytes: least(input_bytes, own.maxInputBytes),
      maxMemoryMb: least(memory_mb, own.maxMemoryMb),
    },
  };
}
