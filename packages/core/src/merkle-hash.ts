import { sha256 } from '#sha256';
import { concatBytes } from './bytes.ts';

const nodePrefix = new Uint8Array([1]);

/** SHA-256 of `0x00 || entry` (RFC 6962 section 2.1): no entry can pass for an inner node. */
export const leafHash = (entry: Uint8Array): Uint8Array => {
  const input = new Uint8Array(entry.length + 1);
  input.set(entry, 1);
  return sha256(input);
};

// Reused between calls: the hash has read it before it returns and keeps nothing of it.
const pair = new Uint8Array(65);
pair[0] = 1;

/** SHA-256 of `0x01 || left || right`. It does not ask for 32 bytes each: whoever takes hashes from outside does. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  if (left.length !== 32 || right.length !== 32) return sha256(concatBytes(nodePrefix, left, right));
  pair.set(left, 1);
  pair.set(right, 33);
  return sha256(pair);
};

/** Root of the tree without leaves: SHA-256 of nothing. */
export const emptyRoot = (): Uint8Array => sha256(new Uint8Array());
