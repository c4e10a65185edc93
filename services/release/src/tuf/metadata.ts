import { type ChannelTarget, channelTargetPath, type Digest } from '@orgo/contracts';
import { canonicalBytes, digestHex, digestOfBytes } from '@orgo/core';
import { Metadata, MetadataKind } from '@tufjs/models';
import type { ChannelKeys, TufKey } from './keys.ts';

/** A publication: what one channel names from one moment on. Times are the database's, RFC 3339 in UTC. */
export type Publication = {
  /** The tenant's count of publications: the version of what this one makes. */
  publication: number;
  published_at: string;
  target: ChannelTarget;
  manifest_ref: Digest;
  manifest_size: number;
};

/** A channel as it stands: its first publication put it on the list, its last one says what it names. */
export type ChannelHead = {
  channel: string;
  first: Pick<Publication, 'publication' | 'published_at'>;
  last: Publication;
};

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

/** A channel's own role: one target, the manifest of the pack it names. */
function channelFile(keys: ChannelKeys, { channel, last }: ChannelHead): MetadataFile & { version: number } {
  const { publication, published_at, target, manifest_ref, manifest_size } = last;
  const part = {
    version: publication,
    expires: expiry(published_at, lifeDays.targets),
    targets: {
      [channelTargetPath(channel)]: {
        length: manifest_size,
        hashes: { sha256: digestHex(manifest_ref) },
        custom: target,
      },
    },
  };
  const bytes = signed(MetadataKind.Targets, part, keys.release);
  return { name: `${publication}.${channel}.json`, bytes, version: publication };
}

/** The list of channels: its version is their number, because it changes only when one is added. */
function targetsFile(keys: ChannelKeys, heads: readonly ChannelHead[]): MetadataFile & { version: number } {
  const newest = heads.reduce((a, b) => (b.first.publication > a.first.publication ? b : a));
  const part = {
    version: heads.length,
    expires: expiry(newest.first.published_at, lifeDays.targets),
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
 * of their first publication.
 */
export function repositoryFiles(keys: ChannelKeys, heads: readonly ChannelHead[]): MetadataFile[] {
  const newest = heads.reduce((a, b) => (b.last.publication > a.last.publication ? b : a)).last;
  const { publication: version, published_at } = newest;
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
