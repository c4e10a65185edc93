import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { toHex } from './hex.ts';
import { utf8 } from './text.ts';

/** SHA-256 of bytes: 32 bytes. For browsers; on Node `sha256.node.ts` gives the same answers faster. */
export const sha256 = (bytes: Uint8Array): Uint8Array => nobleSha256(bytes);

/** SHA-256 of bytes, or of well-formed text as UTF-8: 64 lowercase hex digits. */
export const sha256Hex = (data: Uint8Array | string): string =>
  toHex(sha256(typeof data === 'string' ? utf8(data) : data));

/** SHA-256 of parts one after another, without joining them: 64 lowercase hex digits. */
export const sha256HexOfParts = (parts: Iterable<Uint8Array>): string => {
  const running = nobleSha256.create();
  for (const part of parts) running.update(part);
  return toHex(running.digest());
};
