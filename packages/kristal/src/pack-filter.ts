import { concatBytes, ok, type Result, refuse, sha256Hex, utf8 } from '@orgo/core';
import type { PackKeySpace } from './policies.ts';
import { buildXor8, type Key64, type Xor8, xor8Has } from './xor8.ts';

const magic = utf8('ORGOXOR8');
const headSize = 32;
const spaces: Readonly<Record<PackKeySpace, number>> = { claim_id: 1, spo_hash: 2 };

/** Where a filter of a key space lies in a pack. */
export const packFilterPath = (space: PackKeySpace): string => `filter/${space}.xor8`;

/** The key of a statement by its id: the first eight bytes of SHA-256, big endian, as hex. */
export const claimKey = (statementId: string): string => sha256Hex(statementId).slice(0, 16);

/**
 * The key of a triple: the first eight bytes of SHA-256 over subject, property and canonical typed object, one space between them.
 * @param object canonical JSON of the typed value, also for items
 */
export const spoKey = (subject: string, property: string, object: string): string =>
  sha256Hex(`${subject} ${property} ${object}`).slice(0, 16);

/** The canonical typed value of an item, as `spoKey` takes it. */
export const itemText = (qid: string): string => `{"type":"item","value":{"qid":"${qid}"}}`;

/** A filter of a pack. A no is certain; a yes has to be looked up. */
export type PackFilter = { space: PackKeySpace; has(key: string): boolean };

/**
 * Writes a filter. Layout, all words little endian: magic `ORGOXOR8`; key space (1 claim_id, 2 spo_hash); number of distinct keys; slots per
 * block; the seed that it was filled under, from the policy's on; 8 zero bytes; then the fingerprints of the three blocks, a byte each.
 * @param keys 64-bit keys, in any order
 */
export function encodeFilter(space: PackKeySpace, keys: BigUint64Array, firstSeed: number): Uint8Array {
  const filter = buildXor8(keys, firstSeed);
  const head = new Uint8Array(headSize);
  head.set(magic);
  const view = new DataView(head.buffer);
  const words = [spaces[space], filter.keys, filter.blockLength, filter.seed];
  for (const [i, word] of words.entries()) view.setUint32(8 + 4 * i, word, true);
  return concatBytes(head, filter.fingerprints);
}

/** Opens a filter of a key space. Refuses with `PACK_INDEX_INVALID`. */
export function openFilter(bytes: Uint8Array, space: PackKeySpace): Result<PackFilter> {
  const bad = (what: string) => refuse('PACK_INDEX_INVALID', `filter: ${what}`);
  if (bytes.length < headSize || magic.some((byte, i) => bytes[i] !== byte)) return bad('another format');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [code, keys, blockLength, seed] = [8, 12, 16, 20].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  if (code !== spaces[space]) return bad('another key space');
  if (bytes.length !== headSize + 3 * blockLength || (keys === 0) !== (blockLength === 0)) return bad('another length');
  if (view.getUint32(24, true) !== 0 || view.getUint32(28, true) !== 0) return bad('a byte set that means nothing');
  const filter: Xor8 = { seed, keys, blockLength, fingerprints: bytes.subarray(headSize) };
  return ok({ space, has: (key) => xor8Has(filter, halves(key)) });
}

const halves = (key: string): Key64 => ({
  high: Number.parseInt(key.slice(0, 8), 16),
  low: Number.parseInt(key.slice(8), 16),
});
