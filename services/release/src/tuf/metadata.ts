import { type ChannelTarget, channelIndexPath, channelTargetPath, type Offer, packManifestPath } from '@orgo/contracts';
import { canonicalBytes, digestHex, digestOfBytes } from '@orgo/core';
import { Metadata, MetadataKind } from '@tufjs/models';
import type { ChannelHead } from '../channel/heads.ts';
import type { ChannelKeys, TufKey } from './keys.ts';

/** A file below `metadata/`, to be written in the order given. */
export type MetadataFile = { name: string; bytes: Uint8Array };

const specVersion = '1.0.31';
const lifeDays = { root: 365, targets: 90, snapshot: 14, timestamp: 7 } as const;

/** Clients that are strict about TUF's date form take no fraction of a second. */
const expiry = (from: string, days: number): string =>
  new Date(Date.parse(from) + days * 86_400_000).toISOString().replace(/\.\d{3}Z$/, 'Z');

const role = ({ id }: TufKey) => ({ keyids: [id], threshold: 1 });
const keysOf = (...keys: TufKey[]) => Object.fromEntries(keys.map(({ id, key }) => [id, key]));

/** Reads the signed part as a client would, signs it, and writes the one form its bytes have. */
const signed = (kind: MetadataKind, part: object, key: TufKey): Uint8Array => {
  const metadata = Metadata.fromJSON(kind as MetadataKind.Targets, {
    signed: { _type: kind, spec_version: specVersion, ...part },
    signatures: [],
  });
  metadata.sign((bytes) => key.sign(bytes));
  return canonicalBytes(metadata.toJSON());
};

const metaOf = (version: number, bytes: Uint8Array) => ({
  version,
  length: bytes.length,
  hashes: { sha256: digestHex(digestOfBytes(bytes)) },
});

/** The first root of a tenant's channels (TUF 1.0 section 4.3): the same keys and time give the same bytes. */
export function rootFile(keys: ChannelKeys, created_at: string): MetadataFile {
  const { root, targets, snapshot, timestamp } = keys;
  const part = {
    version: 1,
    expires: expiry(created_at, lifeDays.root),
    consistent_snapshot: true,
    keys: keysOf(root, targets, snapshot, timestamp),
    roles: { root: role(root), targets: role(targets), snapshot: role(snapshot), timestamp: role(timestamp) },
  };
  return { name: '1.root.json', bytes: signed(MetadataKind.Root, part, root) };
}

/** The packs a channel offers: what everyone runs, and what is on its way. */
export const offersOf = ({ index }: ChannelHead): Offer[] => [index.current ?? [], index.candidate?.offer ?? []].flat();

const manifestMeta = (offer: Offer) => ({
  length: offer.manifest_size,
  hashes: { sha256: digestHex(offer.manifest) },
});

const customOf = (channel: string, { release_id, release_seq, pack_id, kristal_id }: Offer): ChannelTarget => ({
  release_id,
  release_seq,
  channel,
  pack_id,
  kristal_id,
});

/** The bytes of a channel's index target: they follow from its row alone. */
export const indexBytes = ({ index }: ChannelHead): Uint8Array => canonicalBytes(index);

/** A channel's own role: its index, and the manifests of the packs it offers. */
function channelFile(keys: ChannelKeys, head: ChannelHead): MetadataFile & { version: number } {
  const { channel, index, changed_at } = head;
  const bytesOfIndex = indexBytes(head);
  const [newest] = offersOf(head).slice(0, 1);
  const part = {
    version: index.index_seq,
    expires: expiry(changed_at, lifeDays.targets),
    targets: {
      [channelIndexPath(channel)]: {
        length: bytesOfIndex.length,
        hashes: { sha256: digestHex(digestOfBytes(bytesOfIndex)) },
      },
      ...Object.fromEntries(
        offersOf(head).map((offer) => [packManifestPath(channel, offer.pack_id), manifestMeta(offer)]),
      ),
      ...(newest && {
        [channelTargetPath(channel)]: { ...manifestMeta(newest), custom: customOf(channel, newest) },
      }),
    },
  };
  const bytes = signed(MetadataKind.Targets, part, keys.release);
  return { name: `${index.index_seq}.${channel}.json`, bytes, version: index.index_seq };
}

/** The list of channels: its version is their number, because it changes only when one is added. */
function targetsFile(keys: ChannelKeys, heads: readonly ChannelHead[]): MetadataFile & { version: number } {
  const newest =
    heads
      .map(({ opened_at }) => opened_at)
      .sort()
      .at(-1) ?? '';
  const part = {
    version: heads.length,
    expires: expiry(newest, lifeDays.targets),
    targets: {},
    delegations: {
      keys: keysOf(keys.release),
      roles: heads.map(({ channel }) => ({
        ...role(keys.release),
        name: channel,
        paths: [`${channel}/*`],
        terminating: true,
      })),
    },
  };
  return {
    name: `${heads.length}.targets.json`,
    bytes: signed(MetadataKind.Targets, part, keys.targets),
    version: heads.length,
  };
}

/**
 * Everything a client needs to follow the channels as they stand, `timestamp.json` last: who has read it finds the rest. A function of
 * its arguments, so that writing it again after a crash writes the same bytes. `heads` are of one tenant, at least one, in the order
 * in which they came to be. Changes of all channels together are the version: each is made by one more.
 */
export function repositoryFiles(keys: ChannelKeys, heads: readonly ChannelHead[]): MetadataFile[] {
  const published_at =
    heads
      .map(({ changed_at }) => changed_at)
      .sort()
      .at(-1) ?? '';
  const version = heads.reduce((sum, { index }) => sum + index.index_seq, 0);
  const channels = heads.map((head) => ({ head, ...channelFile(keys, head) }));
  const targets = targetsFile(keys, heads);
  const meta = {
    'targets.json': metaOf(targets.version, targets.bytes),
    ...Object.fromEntries(channels.map((file) => [`${file.head.channel}.json`, metaOf(file.version, file.bytes)])),
  };
  const snapshot = signed(
    MetadataKind.Snapshot,
    { version, expires: expiry(published_at, lifeDays.snapshot), meta },
    keys.snapshot,
  );
  const timestamp = signed(
    MetadataKind.Timestamp,
    {
      version,
      expires: expiry(published_at, lifeDays.timestamp),
      meta: { 'snapshot.json': metaOf(version, snapshot) },
    },
    keys.timestamp,
  );
  return [
    ...channels.map(({ name, bytes }) => ({ name, bytes })),
    { name: targets.name, bytes: targets.bytes },
    { name: `${version}.snapshot.json`, bytes: snapshot },
    { name: 'timestamp.json', bytes: timestamp },
  ];
}
