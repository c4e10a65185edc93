import { canonical, sha256Hex, toHex } from '@orgo/core';
import type { FileKeyring, Keyring, Signer } from '@orgo/runtime/signer';
import { Signature } from '@tufjs/models';

/** A key as TUF metadata lists it, with what signs for it. */
export type TufKey = {
  /** SHA-256 of the key object's canonical form (TUF 1.0 section 4.2). */
  id: string;
  key: { keytype: 'ed25519'; scheme: 'ed25519'; keyval: { public: string } };
  sign(bytes: Uint8Array): Signature;
};

/** The keys of a tenant's channels. `release` signs every channel's own role, the others are the top-level roles of TUF. */
export type ChannelKeys = Record<'root' | 'targets' | 'snapshot' | 'timestamp' | 'release', TufKey>;

const tufKeyOf = (signer: Signer): TufKey => {
  const key: TufKey['key'] = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: toHex(signer.publicKey) } };
  const id = sha256Hex(canonical(key));
  return { id, key, sign: (bytes) => new Signature({ keyID: id, sig: toHex(signer.sign(bytes)) }) };
};

/**
 * Opens the keys of a tenant's channels.
 * @throws Fault SIGNER_UNAVAILABLE: nothing is ever published unsigned.
 */
export async function openChannelKeys(keyring: Keyring, tenant: string): Promise<ChannelKeys> {
  const open = async (role: string): Promise<TufKey> => tufKeyOf(await (keyring as FileKeyring).signer(tenant, role));
  const [root, targets, snapshot, timestamp, release] = await Promise.all(
    ['tuf-root', 'targets', 'snapshot', 'timestamp', 'release'].map(open),
  );
  return { root, targets, snapshot, timestamp, release } as ChannelKeys;
}
