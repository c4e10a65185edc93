import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { fromBase64, type TrustedKey, type VerifySignature } from '@orgo/core';

const known = new Map<string, KeyObject | null>();

function keyObjectOf({ alg, public: material }: TrustedKey): KeyObject | null {
  const bytes = fromBase64(material);
  if (!bytes.ok) return null;
  const buffer = Buffer.from(bytes.value);
  try {
    const key =
      alg === 'ed25519'
        ? createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: buffer.toString('base64url') }, format: 'jwk' })
        : createPublicKey({ key: buffer, format: 'der', type: 'spki' });
    const details = key.asymmetricKeyDetails?.namedCurve;
    return alg === 'ed25519' || (key.asymmetricKeyType === 'ec' && details === 'prime256v1') ? key : null;
  } catch {
    return null;
  }
}

/** Checks one signature with node:crypto. False for any wrong shape, never a throw. */
export const verifySignature: VerifySignature = (trusted, message, signature) => {
  const name = `${trusted.alg} ${trusted.public}`;
  const key = known.get(name) ?? keyObjectOf(trusted);
  if (known.size < 256) known.set(name, key);
  if (key === null || signature.length !== 64) return false;
  return trusted.alg === 'ed25519'
    ? verify(null, message, key, signature)
    : verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
};
