import { sha256Hex, type TufKey, toHex, tufKeyOf } from '@orgo/core';
import { Fault } from '@orgo/runtime/errors';
import { type AnySigner, type Keyring, trustedKeyOf } from '@orgo/runtime/signer';

/** Signs bytes as TUF wants them signed: hex, and DER where the key is of P-256. */
export type TufSigner = TufKey & { sign(bytes: Uint8Array): Promise<string> };

/** A role of the metadata: which keys may sign, and how many must. */
export type TufRole = { keys: readonly TufKey[]; threshold: number };

/** A DER integer of a big-endian number: no leading zeros but the one that keeps it positive. */
const derInteger = (bytes: Uint8Array): Uint8Array => {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const short = bytes.subarray(from);
  const positive = (short[0] ?? 0) & 0x80 ? Uint8Array.of(0, ...short) : short;
  return Uint8Array.of(0x02, positive.length, ...positive);
};

/** `r || s` as ASN.1 DER (SEC 1 C.5). */
const derOf = (raw: Uint8Array): Uint8Array => {
  const parts = [...derInteger(raw.subarray(0, 32)), ...derInteger(raw.subarray(32))];
  return Uint8Array.of(0x30, parts.length, ...parts);
};

export const tufSignerOf = (signer: AnySigner): TufSigner => ({
  ...tufKeyOf(trustedKeyOf(signer)),
  async sign(bytes) {
    const raw = await signer.sign(bytes);
    return toHex(signer.alg === 'ed25519' ? raw : derOf(raw));
  },
});

/** A key's role within Orgo for a channel's own role: names that would be too long end in a hash. */
export const channelRole = (channel: string): string => {
  const role = `channel.${channel}`;
  return role.length <= 63 ? role : `${role.slice(0, 46)}-${sha256Hex(channel).slice(0, 16)}`;
};

/**
 * Signers that are held here for a role of TUF metadata, in the order in which it lists them: as many as its threshold demands, or nothing is signed.
 * @throws Fault SIGNER_UNAVAILABLE
 */
export async function signersOf(
  keyring: Keyring,
  of: { tenant: string; role: string },
  { keyids, threshold }: { keyids: readonly string[]; threshold: number },
): Promise<TufSigner[]> {
  const held = new Map((await keyring.signers(of.tenant, of.role)).map(tufSignerOf).map((one) => [one.id, one]));
  const able = keyids.flatMap((id) => held.get(id) ?? []);
  if (able.length < threshold)
    throw new Fault('SIGNER_UNAVAILABLE', {
      detail: `${able.length} of ${threshold} keys of ${of.role} for tenant ${of.tenant} are held here`,
    });
  return able.slice(0, Math.max(1, threshold));
}

/** A channel's role as TUF metadata names it: never one of the four top-level names. */
export const tufRoleName = (channel: string): string => `channel.${channel}`;
