/** A 64-bit key as two unsigned 32-bit halves. */
export type Key64 = { high: number; low: number };

/** A filled xor filter: three blocks of one-byte fingerprints, and the seed under which they were filled. */
export type Xor8 = { seed: number; keys: number; blockLength: number; fingerprints: Uint8Array };

const mostAttempts = 100;

/**
 * Fills an xor filter with 8-bit fingerprints (Graf and Lemire, "Xor Filters", 2020; hashes as in the reference implementation). About
 * one key in 256 that was never put in is answered yes; no key that was put in is answered no.
 * Same keys and first seed give the same bytes: a seed that cannot be peeled is followed by the next; slots are peeled first in, first out,
 * the ones free at the start by number; a slot that no key took is 0. No keys give no slots.
 * @param keys any order, duplicates allowed
 * @param firstSeed 0 up to 2^32 - 1
 */
export function buildXor8(keys: readonly bigint[] | BigUint64Array, firstSeed: number): Xor8 {
  const sorted = BigUint64Array.from(keys).sort();
  const distinct = sorted.filter((key, i) => i === 0 || key !== sorted[i - 1]);
  if (distinct.length === 0) return { seed: firstSeed, keys: 0, blockLength: 0, fingerprints: new Uint8Array(0) };
  const high = Uint32Array.from(distinct, (key) => Number(key >> 32n));
  const low = Uint32Array.from(distinct, (key) => Number(key & 0xffffffffn));
  const blockLength = Math.floor((32 + Math.ceil((distinct.length * 123) / 100)) / 3);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const seed = (firstSeed + attempt) % 0x1_0000_0000;
    const peeled = peel(high, low, seed, blockLength);
    if (peeled) return { seed, keys: distinct.length, blockLength, fingerprints: assign(peeled, blockLength) };
  }
  throw new RangeError(`no seed from ${firstSeed} on peels ${distinct.length} keys`);
}

/** Whether a key may have been put in. No is certain. */
export function xor8Has({ seed, blockLength, fingerprints }: Xor8, { high, low }: Key64): boolean {
  if (blockLength === 0) return false;
  const [hashHigh, hashLow] = mix(high, low, seed);
  const [a, b, c] = slotsOf(hashHigh, hashLow, blockLength);
  const found = (fingerprints[a] as number) ^ (fingerprints[b] as number) ^ (fingerprints[c] as number);
  return found === ((hashHigh ^ hashLow) & 0xff);
}

type Peeled = { slots: Uint32Array; high: Uint32Array; low: Uint32Array };

function peel(high: Uint32Array, low: Uint32Array, seed: number, blockLength: number): Peeled | undefined {
  const capacity = 3 * blockLength;
  const counts = new Uint32Array(capacity);
  const highs = new Uint32Array(capacity);
  const lows = new Uint32Array(capacity);
  const toggle = (hashHigh: number, hashLow: number, slot: number, by: number) => {
    counts[slot] = (counts[slot] as number) + by;
    highs[slot] = (highs[slot] as number) ^ hashHigh;
    lows[slot] = (lows[slot] as number) ^ hashLow;
  };
  for (let i = 0; i < high.length; i++) {
    const [hashHigh, hashLow] = mix(high[i] as number, low[i] as number, seed);
    for (const slot of slotsOf(hashHigh, hashLow, blockLength)) toggle(hashHigh, hashLow, slot, 1);
  }
  const queue = new Uint32Array(capacity);
  let queued = 0;
  for (let slot = 0; slot < capacity; slot++) if (counts[slot] === 1) queue[queued++] = slot;
  const order = {
    slots: new Uint32Array(high.length),
    high: new Uint32Array(high.length),
    low: new Uint32Array(high.length),
  };
  let done = 0;
  for (let next = 0; next < queued; next++) {
    const slot = queue[next] as number;
    if (counts[slot] !== 1) continue;
    const [hashHigh, hashLow] = [highs[slot] as number, lows[slot] as number];
    order.slots[done] = slot;
    order.high[done] = hashHigh;
    order.low[done++] = hashLow;
    for (const other of slotsOf(hashHigh, hashLow, blockLength)) {
      toggle(hashHigh, hashLow, other, -1);
      if (counts[other] === 1) queue[queued++] = other;
    }
  }
  return done === high.length ? order : undefined;
}

function assign({ slots, high, low }: Peeled, blockLength: number): Uint8Array {
  const fingerprints = new Uint8Array(3 * blockLength);
  for (let i = slots.length - 1; i >= 0; i--) {
    const [a, b, c] = slotsOf(high[i] as number, low[i] as number, blockLength);
    const rest = (fingerprints[a] as number) ^ (fingerprints[b] as number) ^ (fingerprints[c] as number);
    fingerprints[slots[i] as number] = rest ^ (((high[i] as number) ^ (low[i] as number)) & 0xff);
  }
  return fingerprints;
}

/** One slot in each block, by the hash rotated by 0, 21 and 42 bits. */
function slotsOf(high: number, low: number, blockLength: number): [number, number, number] {
  const by21 = ((low << 21) | (high >>> 11)) >>> 0;
  const by42 = ((high << 10) | (low >>> 22)) >>> 0;
  return [
    reduce(low, blockLength),
    blockLength + reduce(by21, blockLength),
    2 * blockLength + reduce(by42, blockLength),
  ];
}

/** A number below n from 32 bits: the high half of their product, by 16 bits at a time so that no step passes 2^53. */
function reduce(bits: number, n: number): number {
  return Math.floor(((bits >>> 16) * n + Math.floor(((bits & 0xffff) * n) / 65_536)) / 65_536);
}

/** The 64-bit finalizer of MurmurHash3 over key + seed. */
function mix(keyHigh: number, keyLow: number, seed: number): [high: number, low: number] {
  const sum = keyLow + seed;
  let low = sum >>> 0;
  let high = (keyHigh + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  low = (low ^ (high >>> 1)) >>> 0;
  [high, low] = times(high, low, 0xff51afd7, 0xed558ccd);
  low = (low ^ (high >>> 1)) >>> 0;
  [high, low] = times(high, low, 0xc4ceb9fe, 0x1a85ec53);
  low = (low ^ (high >>> 1)) >>> 0;
  return [high, low];
}

/** The low 64 bits of a product of two 64-bit numbers. */
function times(aHigh: number, aLow: number, bHigh: number, bLow: number): [high: number, low: number] {
  const [a1, a0] = [aLow >>> 16, aLow & 0xffff];
  const [b1, b0] = [bLow >>> 16, bLow & 0xffff];
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16);
  const upper = a0 * b1 + (middle % 65_536);
  const carried = a1 * b1 + Math.floor(middle / 65_536) + Math.floor(upper / 65_536);
  const high = (carried + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) >>> 0;
  return [high, (((upper & 0xffff) << 16) | (low & 0xffff)) >>> 0];
}
