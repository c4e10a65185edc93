import { createHash } from 'node:crypto';
import { channelIndexPath, type Digest, type Offer } from '@orgo/contracts';
import { canonicalBytes, digestHex, digestOfBytes, equalBytes, parseStrict } from '@orgo/core';
import { readPackManifest } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach } from '@orgo/runtime/errors';
import { collect } from '@orgo/runtime/http';
import { tufRoleName } from '../tuf/keys.ts';
import type { ChannelReader } from '../tuf/reader.ts';
import { targetFilePath } from '../tuf/target-path.ts';
import type { ChannelHead } from './heads.ts';

type Meta = { version: number; length?: number; hashes?: { sha256?: string } };
type Signed = { version: number; meta?: Record<string, Meta>; targets?: Record<string, Meta> };

const limits = { maxBytes: 16 * 1024 * 1024, maxMembers: 1_000_000 };

const breach = (why: string): Breach => new Breach('HASH_MISMATCH', why);

export type ReadBackDeps = {
  reader: ChannelReader;
  artifacts: ArtifactStore;
  /** Offers whose every pack file this process has fetched since they were published. */
  whole: Set<string>;
};

/** Offers remembered; forgetting them costs that their packs are read once more. */
const maxWhole = 4_096;

/** A file as a client would hash it. Null where the door has none. */
async function hashed(
  reader: ChannelReader,
  tenant: string,
  path: string,
): Promise<{ sha256: string; size: number } | null> {
  const file = await reader.read(tenant, path);
  if (file === null) return null;
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of file.bytes instanceof Uint8Array ? [file.bytes] : file.bytes) {
    hash.update(piece);
    size += piece.length;
  }
  return { sha256: hash.digest('hex'), size };
}

/** Every file of an offered pack, fetched through the door and held against the manifest that was published. */
async function readPackBack({ reader, artifacts }: ReadBackDeps, tenant: string, offer: Offer): Promise<void> {
  const json = parseStrict(await artifacts.get(tenant, offer.manifest as Digest), limits);
  const manifest = json.ok ? readPackManifest(json.value) : json;
  if (!manifest.ok) throw breach(`the manifest of ${offer.pack_id} is none: ${manifest.detail}`);
  for (const file of manifest.value.files) {
    const path = `packs/${offer.pack_id}/${file.path}`;
    const found = await hashed(reader, tenant, path);
    if (found === null || found.sha256 !== file.sha256 || found.size !== file.size_bytes)
      throw breach(`${path} is not what its manifest names`);
  }
}

/**
 * What clients get is fetched again through the door they use and compared with what was written (stage 6c, RR-19): the whole chain from
 * `timestamp.json` to the index, the manifests it names and, once for each offer, every file of their packs. A newer index than `head` is another writer's, who compares it.
 * @throws Breach HASH_MISMATCH where it is not what it must be
 */
export async function readBack(deps: ReadBackDeps, tenant: string, { channel, index }: ChannelHead): Promise<void> {
  const { reader, artifacts, whole } = deps;
  const fetched = async (path: string): Promise<Uint8Array> => {
    const file = await reader.read(tenant, path);
    if (file === null) throw breach(`${path} is not served`);
    return file.bytes instanceof Uint8Array ? file.bytes : collect(file.bytes);
  };
  const signedOf = (bytes: Uint8Array): Signed => {
    const json = parseStrict(bytes, limits);
    const signed = json.ok ? (json.value as { signed?: Signed }).signed : undefined;
    if (signed === undefined) throw breach('metadata that is no metadata is served');
    return signed;
  };
  const named = async (path: string, meta: Meta | undefined): Promise<Uint8Array> => {
    const bytes = await fetched(path);
    if (meta === undefined || digestHex(digestOfBytes(bytes)) !== meta.hashes?.sha256)
      throw breach(`${path} is not what names it`);
    return bytes;
  };
  const snapshotMeta = signedOf(await fetched('metadata/timestamp.json')).meta?.['snapshot.json'];
  const snapshot = signedOf(await named(`metadata/${snapshotMeta?.version}.snapshot.json`, snapshotMeta));
  const name = tufRoleName(channel);
  const roleMeta = snapshot.meta?.[`${name}.json`];
  const role = signedOf(await named(`metadata/${roleMeta?.version}.${name}.json`, roleMeta));
  const targets = role.targets ?? {};
  for (const [path, meta] of Object.entries(targets)) {
    const digest = `sha256:${meta.hashes?.sha256}` as Digest;
    const bytes = await named(targetFilePath(path, digest), meta);
    if (path !== channelIndexPath(channel) && !equalBytes(bytes, await artifacts.get(tenant, digest)))
      throw breach(`${path} is not what is stored`);
  }
  const served = targets[channelIndexPath(channel)];
  if (served === undefined) throw breach(`${channel} serves no index`);
  const bytes = await fetched(targetFilePath(channelIndexPath(channel), `sha256:${served.hashes?.sha256}`));
  const json = parseStrict(bytes);
  const seq = json.ok ? (json.value as { index_seq?: number }).index_seq : undefined;
  if (seq === undefined || seq < index.index_seq)
    throw breach(`${channel} serves index ${seq}, not ${index.index_seq}`);
  if (seq === index.index_seq && !equalBytes(bytes, canonicalBytes(index)))
    throw breach(`${channel} serves another index ${seq}`);
  for (const offer of [index.current, index.candidate?.offer ?? null]) {
    const name = `${tenant}/${channel}/${offer?.release_seq}`;
    if (offer === null || whole.has(name)) continue;
    await readPackBack(deps, tenant, offer);
    if (whole.size >= maxWhole) whole.clear();
    whole.add(name);
  }
}
