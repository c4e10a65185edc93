import { sha256 } from '#sha256';
import { leafHash } from './merkle-hash.ts';
import { pae } from './pae.ts';
import { utf8 } from './text.ts';

const encoder = new TextEncoder();
const maxUnits = 65_536;
const headRoom = 512;
// Reused between calls, because allocating three buffers per item costs more than hashing it: the payload is encoded
// at a fixed place, its header is put in front. The hash has read it before it returns.
const room = new Uint8Array(headRoom + 3 * maxUnits);
const payloadRoom = room.subarray(headRoom);

/** Leaf of one item: its payload under its payload type, so that neither can be exchanged. `leafHash(pae(type, utf8(payload)))`. */
export const batchLeaf = (type: string, payload: string): Uint8Array => {
  if (payload.length > maxUnits || type.length > 128) return leafHash(pae(type, utf8(payload)));
  const { written } = encoder.encodeInto(payload, payloadRoom);
  const typeLength = utf8(type).length;
  const head = encoder.encode(`\u0000DSSEv1 ${typeLength} ${type} ${written} `);
  room.set(head, headRoom - head.length);
  return sha256(room.subarray(headRoom - head.length, headRoom + written));
};
