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

/** What makes two entries of a key list the same key: its algorithm and material, whatever the ids say. */
export const keyIdentity = (key: TrustedKey): string => `${key.alg} ${key.public}`;
