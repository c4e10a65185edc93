import { fromBase64 } from './base64.ts';

/** A public key as a trust root lists it. The algorithm comes from here, never from a message. */
export type TrustedKey = {
  keyid: string;
  alg: 'ed25519' | 'ecdsa-p256-sha256';
  /** Base64: the raw 32 bytes of an Ed25519 key, or the SPKI DER of a P-256 key. */
  public: string;
};

/**
 * Port: checks one signature with one key. The runtime supplies it over the platform's cryptography.
 * Returns false, and does not throw, for a signature or key of any wrong shape. P-256 signatures are raw `r || s`.
 */
export type VerifySignature = (key: TrustedKey, message: Uint8Array, signature: Uint8Array) => boolean;

/** Bytes of a public key's material: a raw Ed25519 key, or the SPKI DER of an uncompressed point on P-256. */
const materialBytes = { ed25519: 32, 'ecdsa-p256-sha256': 91 } as const;

/**
 * Whether a key's material can be of the algorithm its root lists. A key of one algorithm under the name of another never verifies anything; this says
 * why, as ALG_MISMATCH.
 */
export const isOfItsAlg = ({ alg, public: material }: TrustedKey): boolean => {
  const bytes = fromBase64(material);
  return bytes.ok && bytes.value.length === materialBytes[alg];
};

/** What makes two entries of a key list the same key: its algorithm and material, whatever the ids say. */
export const keyIdentity = (key: TrustedKey): string => `${key.alg} ${key.public}`;
