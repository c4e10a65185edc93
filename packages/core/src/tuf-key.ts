import { sha256Hex } from '#sha256';
import { fromBase64, toBase64 } from './base64.ts';
import { canonical } from './canonical.ts';
import { toHex } from './hex.ts';
import type { TrustedKey } from './signature.ts';

/** A public key as TUF metadata lists it (TUF 1.0 section 4.2); its id is the SHA-256 of the canonical form. */
export type TufKey = {
  id: string;
  key: { keytype: string; scheme: string; keyval: { public: string } };
};

/** SPKI DER in the text form of RFC 7468: lines of 64 characters. */
const pemOf = (der: Uint8Array): string =>
  `-----BEGIN PUBLIC KEY-----\n${toBase64(der).replace(/(.{1,64})/g, '$1\n')}-----END PUBLIC KEY-----\n`;

/** The TUF form of a key that a trust root lists. */
export function tufKeyOf({ alg, public: material }: Pick<TrustedKey, 'alg' | 'public'>): TufKey {
  const bytes = fromBase64(material);
  // A trust root whose keys are no base64 was never believed.
  const raw = bytes.ok ? bytes.value : new Uint8Array();
  const key: TufKey['key'] =
    alg === 'ed25519'
      ? { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: toHex(raw) } }
      : { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pemOf(raw) } };
  return { id: sha256Hex(canonical(key)), key };
}
