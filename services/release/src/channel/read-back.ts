import { channelIndexPath, type Digest } from '@orgo/contracts';
import { canonicalBytes, digestHex, digestOfBytes, equalBytes, parseStrict } from '@orgo/core';
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

/**
 * What clients get is fetched again through the door they use and compared with what was written (stage 6c, RR-19): the whole chain from
 * `timestamp.json` to the index and the manifests it names. A newer index than `head` is another writer's, who compares it.
 * @throws Breach HASH_MISMATCH where it is not what it must be
 */
export async function readBack(
  { reader, artifacts }: { reader: ChannelReader; artifacts: ArtifactStore },
  tenant: string,
  { channel, index }: ChannelHead,
): Promise<void> {
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
}
