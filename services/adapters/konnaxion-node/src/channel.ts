import fs from 'node:fs/promises';
import { type ChannelTarget, channelTargetPath, channelTargetSchema, type ReasonCode } from '@orgo/contracts';
import { ok, type Result, refuse } from '@orgo/core';
import { Updater } from 'tuf-js';
import { type NodeConfig, placesIn } from './folder.ts';

/** What the channel asks for now: the target's facts and the verified bytes of its pack manifest; null before the first release. */
export type ChannelAnswer = { target: ChannelTarget; manifest: Uint8Array } | null;

export const channelUrl = (config: NodeConfig): string => `${config.api}/v1/tenants/${config.tenant_id}/tuf`;

/** tuf-js names its refusals by class; the node reports them by code. `null` marks a network failure: hold and try again. */
const codes: Record<string, ReasonCode | null> = {
  ExpiredMetadataError: 'METADATA_STALE',
  BadVersionError: 'METADATA_ROLLBACK',
  EqualVersionError: 'METADATA_ROLLBACK',
  DownloadError: null,
  DownloadHTTPError: null,
  DownloadStatusCodeError: null,
};

const codeOf = (error: unknown): ReasonCode | null => {
  const name = (error as { constructor?: { name?: string }; code?: string })?.constructor?.name ?? '';
  if (name in codes) return codes[name] ?? null;
  // A connection that fails carries a system code; anything else is about the metadata.
  return typeof (error as { code?: unknown })?.code === 'string' ? null : 'METADATA_INVALID';
};

/**
 * Follows the channel with an unmodified TUF client (TUF 1.0 section 5): roots one by one, timestamp, snapshot, targets, the channel's
 * delegated role, then the manifest, whose length and hash the metadata fixes. Trusted metadata is kept in `tuf/metadata`, which is what
 * refuses older metadata after a restart. Null value of `ok` means nothing is released yet.
 * Refuses with `METADATA_STALE`, `METADATA_ROLLBACK` or `METADATA_INVALID`. @throws the network's error: nothing was decided.
 */
export async function readChannel(dir: string, config: NodeConfig): Promise<Result<ChannelAnswer>> {
  const { tuf } = placesIn(dir);
  const updater = new Updater({
    metadataDir: `${tuf}/metadata`,
    metadataBaseUrl: `${channelUrl(config)}/metadata`,
    targetDir: `${tuf}/targets`,
    targetBaseUrl: `${channelUrl(config)}/targets`,
    config: { fetchTimeout: 10_000, fetchRetry: false, fetchRetries: 0 },
  });
  try {
    await updater.refresh();
    const info = await updater.getTargetInfo(channelTargetPath(config.channel));
    if (!info) return ok(null);
    const target = channelTargetSchema.safeParse(info.custom);
    if (!target.success)
      return refuse('METADATA_INVALID', `the target's facts: ${target.error.issues[0]?.message ?? ''}`);
    await fs.mkdir(`${tuf}/targets`, { recursive: true });
    const file = (await updater.findCachedTarget(info)) ?? (await updater.downloadTarget(info));
    return ok({ target: target.data, manifest: new Uint8Array(await fs.readFile(file)) });
  } catch (error) {
    const code = codeOf(error);
    if (code === null) throw error;
    return refuse(code, error instanceof Error ? error.message : String(error));
  }
}
