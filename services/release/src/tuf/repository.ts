import { join } from 'node:path';
import { channelTargetPath, type Digest } from '@orgo/contracts';
import { digestHex, equalBytes } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { createFile, readFileIfAny, replaceFile } from '@orgo/runtime/durable-file';
import { Breach } from '@orgo/runtime/errors';
import type { Keyring } from '@orgo/runtime/signer';
import type { Db } from '@orgo/store/db';
import { type FaultPoints, noFaults } from '@orgo/store/fault-points';
import { openChannelKeys } from './keys.ts';
import { type ChannelHead, type Publication, repositoryFiles, rootFile } from './metadata.ts';
import { allocate, channelHeads, lockChannels, rootCreatedAt, type Wanted } from './publications.ts';

/**
 * The channels of each tenant as TUF repositories, `<dir>/<tenant>/metadata` and `<dir>/<tenant>/targets`. The rows of
 * `channel_release` are the truth; the files follow from them and the keys, and can be written again at any time.
 */
export type ChannelRepository = {
  /**
   * Publishes a release to its channel; whole and durable on return, and visible to clients. Asked again it publishes the same under the
   * same numbers, so whoever does not know whether it was done asks again.
   * @throws Fault SIGNER_UNAVAILABLE, DATABASE_UNAVAILABLE, ARTIFACT_STORE_UNAVAILABLE; Breach HASH_MISMATCH when a file that
   * clients may have read would have to change, or the manifest is not its digest; Refused ARTIFACT_NOT_FOUND
   */
  publish(wanted: Wanted): Promise<Publication>;
  /** Writes what is missing of a tenant's files, once per process: the root, and the newest metadata if anything was published. */
  ensure(tenant: string): Promise<void>;
  /** Where a tenant's file is. `path` is known to be safe. */
  pathOf(tenant: string, path: string): string;
};

/** Where the manifest of a channel's target lies below the repository, by its hash (TUF 1.0 section 6.2.2, consistent snapshots). */
export const targetFilePath = (channel: string, manifest: Digest): string => {
  const [folder, name] = channelTargetPath(channel).split('/');
  return `targets/${folder}/${digestHex(manifest)}.${name}`;
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

  const writeTarget = async (tenant: string, { channel, last }: ChannelHead): Promise<void> =>
    keepFile(
      pathOf(tenant, targetFilePath(channel, last.manifest_ref)),
      await artifacts.get(tenant, last.manifest_ref),
    );

  /** Writes the channels as the rows have them now. Under the lock, so that a slow writer never puts back an older timestamp. */
  const write = (tenant: string): Promise<void> =>
    db.tx(async (tx) => {
      const keys = await openChannelKeys(keyring, tenant);
      await lockChannels(tx, tenant);
      const root = rootFile(keys, await rootCreatedAt(tx, tenant));
      await keepFile(pathOf(tenant, `metadata/${root.name}`), root.bytes);
      const heads = await channelHeads(tx, tenant);
      if (heads.length === 0) return;
      for (const head of heads) await writeTarget(tenant, head);
      for (const { name, bytes } of repositoryFiles(keys, heads)) {
        const path = pathOf(tenant, `metadata/${name}`);
        // crash: before timestamp.json is replaced clients see the publication before; after it everything it names is there.
        if (name === 'timestamp.json') {
          await faults.at('release.beforeTimestamp');
          await replaceFile(path, bytes, 0o644);
        } else await keepFile(path, bytes);
      }
    });

  return {
    pathOf,
    async publish(wanted) {
      const publication = await db.tx((tx) => allocate(tx, wanted));
      // crash: if we die here the release has its numbers and no files; asked again it keeps the numbers and writes them.
      await faults.at('release.numbered');
      await write(wanted.tenant_id);
      ensured.set(wanted.tenant_id, Promise.resolve());
      return publication;
    },
    ensure(tenant) {
      let done = ensured.get(tenant);
      if (done === undefined) {
        done = write(tenant);
        ensured.set(tenant, done);
        done.catch(() => ensured.delete(tenant));
      }
      return done;
    },
  };
}
