import { type ChannelIndex, channelTargetSchema } from '@orgo/contracts';
import { ok, type Result, refuse } from '@orgo/core';

/**
 * A channel of the form before there were indexes, read as the index that it would be: one target whose own facts say which pack everyone runs.
 */
export function legacyIndex(
  tenant_id: string,
  custom: unknown,
  manifest: { sha256: string; size: number },
): Result<ChannelIndex> {
  const target = channelTargetSchema.safeParse(custom);
  if (!target.success)
    return refuse('METADATA_INVALID', `the target's facts: ${target.error.issues[0]?.message ?? ''}`);
  const { channel, release_id, release_seq, pack_id, kristal_id } = target.data;
  return ok({
    v: 1,
    tenant_id: tenant_id as ChannelIndex['tenant_id'],
    channel,
    index_seq: release_seq,
    current: {
      release_id,
      release_seq,
      pack_seq: release_seq,
      pack_id,
      kristal_id: kristal_id as `sha256:${string}`,
      manifest: `sha256:${manifest.sha256}`,
      manifest_size: manifest.size,
    },
    candidate: null,
    floor: { pack_seq: 0 },
    revoked_packs: [],
    frozen: false,
    rollback: null,
  });
}
