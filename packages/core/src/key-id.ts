import { sha256Hex } from '#sha256';
import { toBase64Url } from './base64.ts';
import { canonical } from './canonical.ts';

/**
 * Key id of a raw 32-byte Ed25519 public key: `ed25519:` and the SHA-256 RFC 7638 thumbprint of its JWK (RFC 8037) as
 * 64 hex digits. It names the key material alone, so a key cannot be given a second id. A RangeError for other lengths.
 */
export const keyIdOf = (publicKey: Uint8Array): string => {
  if (publicKey.length !== 32) throw new RangeError('an Ed25519 public key is 32 bytes');
  return `ed25519:${sha256Hex(canonical({ crv: 'Ed25519', kty: 'OKP', x: toBase64Url(publicKey) }))}`;
};

const spkiBytes = 91;

/**
 * Key id of a P-256 public key given as SPKI DER of an uncompressed point: `p256:` and the SHA-256 RFC 7638 thumbprint of its JWK.
 * A RangeError for any other length.
 */
export const keyIdOfP256 = (spki: Uint8Array): string => {
  if (spki.length !== spkiBytes) throw new RangeError('a P-256 public key is 91 bytes of SPKI DER');
  const [x, y] = [spki.subarray(spkiBytes - 64, spkiBytes - 32), spki.subarray(spkiBytes - 32)];
  return `p256:${sha256Hex(canonical({ crv: 'P-256', kty: 'EC', x: toBase64Url(x), y: toBase64Url(y) }))}`;
};
