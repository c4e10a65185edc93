import { createHash, hash } from 'node:crypto';

/** SHA-256 of bytes: 32 bytes. Same answers as `sha256.noble.ts`, held equal by test. */
export const sha256 = (bytes: Uint8Array): Uint8Array => {
  // A one-byte string leaves OpenSSL about three times cheaper than a Buffer does for inputs as small as tree nodes.
  const raw = hash('sha256', bytes, 'binary');
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++) out[i] = raw.charCodeAt(i);
  return out;
};

/** SHA-256 of bytes, or of well-formed text as UTF-8: 64 lowercase hex digits. */
export const sha256Hex = (data: Uint8Array | string): string => hash('sha256', data, 'hex');

/** SHA-256 of parts one after another, without joining them: 64 lowercase hex digits. */
export const sha256HexOfParts = (parts: Iterable<Uint8Array>): string => {
  const running = createHash('sha256');
  for (const part of parts) running.update(part);
  return running.digest('hex');
};
