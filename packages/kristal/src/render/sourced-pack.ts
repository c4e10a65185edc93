import { ok, parseStrict, type Result, refuse } from '@orgo/core';
import { Hex64Schema } from '../digest-text.ts';
import { artifactLimits } from '../json-lines.ts';
import { openPack, type Pack } from '../pack-open.ts';
import { verifyPack } from '../pack-reader.ts';
import type { StageCoreContext } from '../stage-core.ts';
import { inputOf } from '../stage-inputs.ts';

/**
 * The pack of a stage's `pack-manifest` input, every byte of it verified again, and no other than the request names (ST-37). Whatever is
 * wrong with it, the answer is `UNVERIFIED_INPUT`, and its detail says which check failed.
 */
export async function sourcedPack(ctx: StageCoreContext, packId: string): Promise<Result<Pack>> {
  const input = inputOf(ctx, 'pack-manifest');
  if (!input.ok) return refuse('UNVERIFIED_INPUT', input.detail);
  const json = parseStrict(await ctx.read(input.value.ref), artifactLimits);
  if (!json.ok) return refuse('UNVERIFIED_INPUT', `MANIFEST_SCHEMA_INVALID ${json.detail}`);
  const digests = new Map<string, string>();
  const files = (json.value as { files?: unknown } | null)?.files;
  if (Array.isArray(files))
    for (const file of files as { path?: unknown; sha256?: unknown }[])
      if (typeof file?.path === 'string' && Hex64Schema.safeParse(file.sha256).success)
        digests.set(file.path, `sha256:${file.sha256}`);
  const readFile = async (path: string) => {
    const ref = digests.get(path);
    if (ref === undefined) return undefined;
    const { buffer, byteOffset, byteLength } = await ctx.read(ref);
    // A Buffer of Node shares its memory when sliced; the reader of tables slices to copy.
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  const verified = await verifyPack({ readFile }, json.value);
  if (!verified.ok) return refuse('UNVERIFIED_INPUT', `${verified.code} ${verified.detail}`);
  if (verified.value.packId !== packId)
    return refuse('UNVERIFIED_INPUT', `the pack is ${verified.value.packId}, the request names ${packId}`);
  const opened = await openPack(verified.value);
  return opened.ok ? ok(opened.value) : refuse('UNVERIFIED_INPUT', `${opened.code} ${opened.detail}`);
}
