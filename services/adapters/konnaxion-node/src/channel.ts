import fs from 'node:fs/promises';
import { type ChannelTarget, channelTargetPath, channelTargetSchema, type ReasonCode } from '@orgo/contracts';
import { ok, type Result, refuse } from '@orgo/core';
import { Updater } from 'tuf-js';
import { BadVersionError, ExpiredMetadataError, PersistError } from 'tuf-js/dist/error.js';
import { ChannelFetcher } from './channel-fetcher.ts';
import { type NodeConfig, placesIn } from './folder.ts';
import { messageOf, NodeError, noAnswer } from './node-error.ts';
import { onTrustedMetadata } from './trusted-metadata.ts';

/** What the channel asks for now: the target's facts and the verified bytes of its pack manifest; null before its first release. */
export type ChannelAnswer = { target: ChannelTarget; manifest: Uint8Array } | null;

export const channelUrl = (config: NodeConfig): string => `${config.api}/v1/tenants/${config.tenant_id}/tuf`;

/** Metadata is small: what is not here by then is not coming. */
const timeoutMs = 10_000;

/** tuf-js tells its refusals apart by class, and wraps those about snapshot and targets, of which only the words are left. */
function codeOfRefusal(error: unknown): ReasonCode {
  const words = messageOf(error);
  if (error instanceof ExpiredMetadataError || /\bis expired\b/.test(words)) return 'METADATA_STALE';
  if (error instanceof BadVersionError || /\bis less than current version\b/.test(words)) return 'METADATA_ROLLBACK';
  return 'METADATA_INVALID';
}

/**
 * Follows the channel with an unmodified TUF client (TUF 1.0 section 5): roots one by one, timestamp, snapshot, targets, the channel's
 * delegated role, then the manifest, whose length and hash the metadata fixes. Trusted metadata is kept in `tuf/metadata`, which is what
 * refuses older metadata after a restart. Null value of `ok` means that nothing was released to this channel yet.
 * Refuses with `METADATA_STALE`, `METADATA_ROLLBACK` or `METADATA_INVALID`.
 * @throws NodeError SERVICE_UNAVAILABLE where something did not arrive, HOME_UNREADABLE: nothing was decided
 */
export async function readChannel(
  dir: string,
  config: NodeConfig,
  signal?: AbortSignal,
): Promise<Result<ChannelAnswer>> {
  const { tuf } = placesIn(dir);
  const targets = `${tuf}/targets`;
  await fs.mkdir(targets, { recursive: true });
  const fetcher = new ChannelFetcher(timeoutMs, signal);
  const found = await onTrustedMetadata(tuf, async (metadataDir) => {
    const updater = openUpdater({
      metadataDir,
      metadataBaseUrl: `${channelUrl(config)}/metadata`,
      targetDir: targets,
      targetBaseUrl: `${channelUrl(config)}/targets`,
      fetcher,
    });
    try {
      await updater.refresh();
      const info = await updater.getTargetInfo(channelTargetPath(config.channel));
      if (!info) return ok(null);
      const file = (await updater.findCachedTarget(info)) ?? (await updater.downloadTarget(info));
      return ok({ file, custom: info.custom });
    } catch (error) {
      if (fetcher.failure !== null) throw noAnswer('channel', fetcher.failure);
      if (error instanceof PersistError) throw new NodeError('HOME_UNREADABLE', error.message, { cause: error });
      return refuse(codeOfRefusal(error), messageOf(error));
    }
  });
  if (!found.ok || found.value === null) return found as Result<null>;
  const target = channelTargetSchema.safeParse(found.value.custom);
  if (!target.success)
    return refuse('METADATA_INVALID', `the target's facts: ${target.error.issues[0]?.message ?? ''}`);
  return ok({ target: target.data, manifest: new Uint8Array(await fs.readFile(found.value.file)) });
}

/** @throws NodeError HOME_UNREADABLE where the root that the node trusts cannot be read: nothing can be checked without it */
function openUpdater(options: ConstructorParameters<typeof Updater>[0]): Updater {
  try {
    return new Updater(options);
  } catch (error) {
    throw new NodeError('HOME_UNREADABLE', `the trusted root: ${messageOf(error)}`, { cause: error });
  }
}
