import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { toBase64 } from './base64.ts';
import { concatBytes } from './bytes.ts';
import { fromHex, toHex } from './hex.ts';
import { keyIdOf } from './key-id.ts';
import type { TrustedKey, VerifySignature } from './signature.ts';

const bytesOf = (hex: string): Uint8Array => {
  const bytes = fromHex(hex);
  if (!bytes.ok) throw new Error(bytes.detail);
  return bytes.value;
};

const pkcs8 = bytesOf('302e020100300506032b657004220420');
const spki = bytesOf('302a300506032b6570032100');
const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${toBase64(der)}\n-----END ${label}-----\n`;

/** An Ed25519 key pair that tests can rely on to be the same each run. */
export type FixtureKey = { trusted: TrustedKey; public: Uint8Array; sign: (message: Uint8Array) => Uint8Array };

/** Ed25519 key of a 32-byte seed in hex (RFC 8032: the seed is the private key). */
export const ed25519Key = (seedHex: string): FixtureKey => {
  const privateKey = createPrivateKey(pem('PRIVATE KEY', concatBytes(pkcs8, bytesOf(seedHex))));
  const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })).subarray(12);
  return {
    trusted: { keyid: keyIdOf(publicKey), alg: 'ed25519', public: toBase64(publicKey) },
    public: publicKey,
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
};

/** Distinct keys by number. */
export const keyNumber = (n: number): FixtureKey => ed25519Key(toHex(new Uint8Array(32).fill(n)));

/** The signature port over node:crypto, as the runtime gives it. */
export const verifySignature: VerifySignature = (key, message, signature) => {
  const der = new Uint8Array(Buffer.from(key.public, 'base64'));
  try {
    if (key.alg === 'ed25519') return verify(null, message, pem('PUBLIC KEY', concatBytes(spki, der)), signature);
    return verify('sha256', message, { key: pem('PUBLIC KEY', der), dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
};
