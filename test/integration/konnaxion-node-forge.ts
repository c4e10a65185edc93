import fs from 'node:fs';
import path from 'node:path';
import { canonicalBytes, sha256Hex } from '@orgo/core';
import { type ChannelKeys, openChannelKeys } from '@orgo/release/tuf/keys';
import { Keyring } from '@orgo/runtime/signer';
import { keysDir } from '@orgo/runtime/trust';
import type { TestChannels } from '../kit/channels.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests change metadata as they like
type Signed = any;
type Role = 'stable' | 'targets' | 'snapshot' | 'timestamp';
const keyOf = { stable: 'release', targets: 'targets', snapshot: 'snapshot', timestamp: 'timestamp' } as const;

export const expired = (signed: Signed): void => {
  signed.expires = '2020-01-01T00:00:00Z';
};

/**
 * Channel metadata that the tenant's real keys signed and the release service never wrote: the current metadata, changed role by role, with
 * versions one up and hashes that fit. Answers the files by their path below the channels.
 */
export async function forge(
  channels: TestChannels,
  tenant: string,
  changes: Partial<Record<Role, (signed: Signed) => void>>,
): Promise<Map<string, Uint8Array>> {
  const keys = await openChannelKeys(Keyring.open(keysDir(channels.home)), tenant);
  const read = (name: string): Signed =>
    JSON.parse(fs.readFileSync(path.join(channels.dir, 'metadata', name), 'utf8')).signed;
  const timestamp = read('timestamp.json');
  const snapshot = read(`${timestamp.version}.snapshot.json`);
  const files = new Map<string, Uint8Array>();
  const write = (role: Role, signed: Signed): { version: number; length: number; hashes: { sha256: string } } => {
    signed.version += 1;
    changes[role]?.(signed);
    const bytes = signedBy(keys, keyOf[role], signed);
    files.set(role === 'timestamp' ? 'metadata/timestamp.json' : `metadata/${signed.version}.${role}.json`, bytes);
    return { version: signed.version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
  };
  for (const role of ['stable', 'targets'] as const)
    if (changes[role])
      snapshot.meta[`${role}.json`] = write(role, read(`${snapshot.meta[`${role}.json`].version}.${role}.json`));
  timestamp.meta['snapshot.json'] = write('snapshot', snapshot);
  write('timestamp', timestamp);
  return files;
}

/** The next root: signed by a key of the tenant, with any role's key exchanged. */
export async function forgeRoot(
  channels: TestChannels,
  tenant: string,
  by: keyof ChannelKeys,
  change: (signed: Signed) => void = () => undefined,
): Promise<Map<string, Uint8Array>> {
  const keys = await openChannelKeys(Keyring.open(keysDir(channels.home)), tenant);
  const { signed } = JSON.parse(fs.readFileSync(path.join(channels.dir, 'metadata/1.root.json'), 'utf8'));
  signed.version = 2;
  change(signed);
  return new Map([['metadata/2.root.json', signedBy(keys, by, signed)]]);
}

/** The one form that signed metadata has: for what stands in it, OLPC canonical JSON and RFC 8785 agree. */
function signedBy(keys: ChannelKeys, by: keyof ChannelKeys, signed: Signed): Uint8Array {
  const { keyID, sig } = keys[by].sign(canonicalBytes(signed));
  return canonicalBytes({ signed, signatures: [{ keyid: keyID, sig }] });
}
