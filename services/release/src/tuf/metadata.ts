import {
  authorizationPath,
  channelIndexPath,
  type Offer,
  packManifestPath,
  trustRootPath,
  trustSealPath,
} from '@orgo/contracts';
import { canonicalBytes, digestHex, digestOfBytes, type TufKey } from '@orgo/core';
import { Metadata, MetadataKind, Signature } from '@tufjs/models';
import type { ChannelHead } from '../channel/heads.ts';
import type { StoredFile } from '../domain/index.ts';
import { type TufRole, type TufSigner, tufRoleName } from './keys.ts';

/** What metadata says beside its version and expiry: the part that a renewal leaves as it is. */
export type Part = { kind: MetadataKind; says: Record<string, unknown> };

/** The first three numbers are of the specification that clients are told this follows. */
const specVersion = '1.0.31';

/** Clients that are strict about TUF's date form take no fraction of a second. */
export const tufTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

const roleOf = ({ keys, threshold }: TufRole) => ({ keyids: keys.map(({ id }) => id), threshold });
const keysOf = (keys: readonly TufKey[]) => Object.fromEntries(keys.map(({ id, key }) => [id, key]));

export type TopRoles = Record<'root' | 'targets' | 'snapshot' | 'timestamp', TufRole>;

/** The root of a tenant's channels (TUF 1.0 section 4.3): the keys that the tenant's trust root gives to its four roles. */
export const rootPart = (roles: TopRoles): Part => ({
  kind: MetadataKind.Root,
  says: {
    consistent_snapshot: true,
    keys: keysOf(Object.values(roles).flatMap(({ keys }) => keys)),
    roles: Object.fromEntries(Object.entries(roles).map(([name, role]) => [name, roleOf(role)])),
  },
});

/** The packs a channel offers: what everyone runs, and what is on its way. */
export const offersOf = ({ index }: ChannelHead): Offer[] => [index.current ?? [], index.candidate?.offer ?? []].flat();

/** The bytes of a channel's index target: they follow from its row alone. */
export const indexBytes = ({ index }: ChannelHead): Uint8Array => canonicalBytes(index);

/** The targets of a channel that lie in the artifact store: manifests of the packs it offers, and what authorizes their releases. */
export const storedTargets = (head: ChannelHead): [name: string, file: StoredFile][] =>
  offersOf(head).flatMap(({ release_id, pack_id, manifest, manifest_size }): [string, StoredFile][] => {
    const authorization = head.authorizations[release_id];
    return [
      [packManifestPath(head.channel, pack_id), { ref: manifest, size: manifest_size }],
      ...(authorization ? [[authorizationPath(head.channel, release_id), authorization] as [string, StoredFile]] : []),
    ];
  });

/** A channel's own role: its index, and for each pack it offers the manifest and the gatekeeper's authorization. */
export function channelPart(head: ChannelHead): Part {
  const { channel } = head;
  const index = indexBytes(head);
  const stored = storedTargets(head).map(([name, { ref, size }]) => [
    name,
    { length: size, hashes: { sha256: digestHex(ref) } },
  ]);
  return {
    kind: MetadataKind.Targets,
    says: {
      targets: {
        [channelIndexPath(channel)]: { length: index.length, hashes: { sha256: digestHex(digestOfBytes(index)) } },
        ...Object.fromEntries(stored),
      },
    },
  };
}

/** A version of the tenant's trust root after the first, which nodes have; and its entry in the log, once it is there. */
export type RootTarget = { version: number; bytes: Uint8Array; seal: Uint8Array | undefined };

/** What nodes hear of trust roots by. */
export const rootTargetFiles = ({ version, bytes, seal }: RootTarget): [name: string, bytes: Uint8Array][] => [
  [trustRootPath(version), bytes],
  ...(seal === undefined ? [] : [[trustSealPath(version), seal] as [string, Uint8Array]]),
];

/**
 * The list of channels: one delegated role each, that may name what lies in the channel's folder and nothing else; and the tenant's later trust roots, by
 * which nodes hear of rotated and revoked keys.
 */
export const targetsPart = (
  channels: readonly { channel: string; key: TufKey }[],
  roots: readonly RootTarget[],
): Part => ({
  kind: MetadataKind.Targets,
  says: {
    targets: Object.fromEntries(
      roots
        .flatMap(rootTargetFiles)
        .map(([name, bytes]) => [name, { length: bytes.length, hashes: { sha256: digestHex(digestOfBytes(bytes)) } }]),
    ),
    delegations: {
      keys: keysOf(channels.map(({ key }) => key)),
      roles: channels.map(({ channel, key }) => ({
        name: tufRoleName(channel),
        keyids: [key.id],
        threshold: 1,
        paths: [`${channel}/*`],
        terminating: true,
      })),
    },
  },
});

type Signed = { version: number; bytes: Uint8Array };
const metaOf = ({ version, bytes }: Signed) => ({
  version,
  length: bytes.length,
  hashes: { sha256: digestHex(digestOfBytes(bytes)) },
});

/** Which version of everything belongs together. `files` are by file name without version, such as `targets.json`. */
export const snapshotPart = (files: ReadonlyMap<string, Signed>): Part => ({
  kind: MetadataKind.Snapshot,
  says: { meta: Object.fromEntries([...files].map(([name, file]) => [name, metaOf(file)])) },
});

export const timestampPart = (snapshot: Signed): Part => ({
  kind: MetadataKind.Timestamp,
  says: { meta: { 'snapshot.json': metaOf(snapshot) } },
});

/**
 * Reads the signed part as a client would, has it signed, and writes the one form its bytes have.
 * @throws Fault SIGNER_UNAVAILABLE
 */
export async function signPart(
  { kind, says }: Part,
  { version, expires, issued_at }: { version: number; expires: string; issued_at: string },
  signers: readonly TufSigner[],
): Promise<Uint8Array> {
  const metadata = Metadata.fromJSON(kind as MetadataKind.Targets, {
    // When it was made: what the clock of a node is held against.
    signed: { _type: kind, spec_version: specVersion, version, expires, issued_at, ...says } as never,
    signatures: [],
  });
  let message = new Uint8Array();
  // The library gives out the bytes to be signed by asking for a signature.
  metadata.sign((bytes) => {
    message = new Uint8Array(bytes);
    return new Signature({ keyID: '', sig: '' });
  });
  const signatures = await Promise.all(signers.map(async (one) => ({ keyid: one.id, sig: await one.sign(message) })));
  return canonicalBytes({ ...metadata.toJSON(), signatures });
}
