import { join } from 'node:path';
import { channelIndexPath, channelTargetPath, packManifestPath } from '@orgo/contracts';
import { digestOfBytes, equalBytes } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { createFile, readFileIfAny, replaceFile } from '@orgo/runtime/durable-file';
import { Breach } from '@orgo/runtime/errors';
import type { Keyring } from '@orgo/runtime/signer';
import type { Db } from '@orgo/store/db';
import { type FaultPoints, noFaults } from '@orgo/store/fault-points';
import { type ChannelHead, channelHeads } from '../channel/heads.ts';
import { openChannelKeys } from './keys.ts';
import { indexBytes, offersOf, repositoryFiles, rootFile } from './metadata.ts';
import { lockChannels, rootCreatedAt } from './root-rows.ts';
import { targetFilePath } from './target-path.ts';

/**
 * The channels of each tenant as TUF repositories, `<dir>/<tenant>/metadata` and `<dir>/<tenant>/targets`. The rows of
 * `channel` are the truth; the files follow from them and the keys, and can be written again at any time.
 */
export type ChannelRepository = {
  /**
   * Writes the tenant's channels as their rows are now; whole and durable on return, and visible to clients. Answers what was written. The same
   * rows give the same files, so whoever does not know whether it was done asks again.
   * @throws Fault SIGNER_UNAVAILABLE, DATABASE_UNAVAILABLE, ARTIFACT_STORE_UNAVAILABLE; Breach HASH_MISMATCH when a file that
   * clients may have read would have to change, or a manifest is not its digest; Refused ARTIFACT_NOT_FOUND
   */
  publish(tenant: string): Promise<ChannelHead[]>;
  /** Writes what is missing of a tenant's files, once per process: the root, and the newest metadata if anything was published. */
  ensure(tenant: string): Promise<void>;
  /** Where a tenant's file is. `path` is known to be safe. */
  pathOf(tenant: string, path: string): string;
};

/** A version stands for one content. A file that is there must be what we would write: clients may have it. */
async function keepFile(path: string, bytes: Uint8Array): Promise<void> {
  if (await createFile(path, bytes, 0o644)) return;
  const found = await readFileIfAny(path);
  if (found === undefined || !equalBytes(found, bytes))
    throw new Breach('HASH_MISMATCH', `${path} was published with other bytes`);
}

export function openChannels(options: {
  dir: string;
  db: Db;
  keyring: Keyring;
  artifacts: ArtifactStore;
  faults?: FaultPoints;
}): ChannelRepository {
  const { dir, db, keyring, artifacts, faults = noFaults } = options;
  const ensured = new Map<string, Promise<void>>();
  const pathOf = (tenant: string, path: string): string => join(dir, tenant, path);

  const writeTargets = async (tenant: string, head: ChannelHead): Promise<void> => {
    const { channel } = head;
    const write = (target: string, bytes: Uint8Array): Promise<void> =>
      keepFile(pathOf(tenant, targetFilePath(target, digestOfBytes(bytes))), bytes);
    for (const { pack_id, manifest } of offersOf(head)) {
      const bytes = await artifacts.get(tenant, manifest);
      await write(packManifestPath(channel, pack_id), bytes);
      await write(channelTargetPath(channel), bytes);
    }
    await write(channelIndexPath(channel), indexBytes(head));
  };

  /** Writes the channels as the rows have them now. Under the lock, so that a slow writer never puts back an older timestamp. */
  const write = (tenant: string): Promise<ChannelHead[]> =>
    db.tx(async (tx) => {
      const keys = await openChannelKeys(keyring, tenant);
      await lockChannels(tx, tenant);
      const root = rootFile(keys, await rootCreatedAt(tx, tenant));
      await keepFile(pathOf(tenant, `metadata/${root.name}`), root.bytes);
      const heads = await channelHeads(tx, tenant);
      if (heads.length === 0) return heads;
      for (const head of heads) await writeTargets(tenant, head);
      for (const { name, bytes } of repositoryFiles(keys, heads)) {
        const path = pathOf(tenant, `metadata/${name}`);
        // crash: before timestamp.json is replaced clients see the publication before; after it everything it names is there.
        if (name === 'timestamp.json') {
          await faults.at('release.beforeTimestamp');
          await replaceFile(path, bytes, 0o644);
        } else await keepFile(path, bytes);
      }
      return heads;
    });

  return {
    pathOf,
    async publish(tenant) {
      const heads = await write(tenant);
      ensured.set(tenant, Promise.resolve());
      return heads;
    },
    ensure(tenant) {
      let done = ensured.get(tenant);
      if (done === undefined) {
        done = write(tenant).then(() => undefined);
        ensured.set(tenant, done);
        done.catch(() => ensured.delete(tenant));
      }
      return done;
    },
  };
}
