import { ok, type Result, refuse } from './result.ts';

const octets = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

// Index is a char code; 255 marks everything that is not a lowercase hex digit.
const digits = new Uint8Array(128).fill(255);
for (let value = 0; value < 16; value++) digits[value.toString(16).charCodeAt(0)] = value;

const valueAt = (text: string, index: number): number => digits[text.charCodeAt(index)] ?? 255;

/**
 * Lowercase hex.
 * @example toHex(new Uint8Array([0, 255])) // '00ff'
 */
export const toHex = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += octets[bytes[i] as number];
  return text;
};

/**
 * Bytes of lowercase hex. Uppercase is refused: a hash has one spelling.
 * Refuses with `PROOF_INVALID`, since hex only ever carries hashes inside proofs.
 */
export const fromHex = (text: string): Result<Uint8Array> => {
  if (text.length % 2 !== 0) return refuse('PROOF_INVALID', 'hex has an odd number of digits');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = valueAt(text, 2 * i);
    const low = valueAt(text, 2 * i + 1);
    if (high > 15 || low > 15) return refuse('PROOF_INVALID', `no lowercase hex digit at ${2 * i}`);
    bytes[i] = (high << 4) | low;
  }
  return ok(bytes);
};
