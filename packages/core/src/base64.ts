import { ok, type Result, refuse } from './result.ts';

const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const urlSafe = `${standard.slice(0, 62)}-_`;

/** Which spelling is accepted: `standard` and `url` are RFC 4648 sections 4 and 5; `either` is what DSSE demands of verifiers. */
export type Base64Alphabet = 'standard' | 'url' | 'either';

const tableOf = (...alphabets: string[]): Uint8Array => {
  const table = new Uint8Array(128).fill(255);
  for (const alphabet of alphabets) for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
};

const tables: Record<Base64Alphabet, Uint8Array> = {
  standard: tableOf(standard),
  url: tableOf(urlSafe),
  either: tableOf(standard, urlSafe),
};

const encode = (bytes: Uint8Array, alphabet: string): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const chunk = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += alphabet[chunk >> 18] as string;
    text += alphabet[(chunk >> 12) & 63] as string;
    if (i + 1 < bytes.length) text += alphabet[(chunk >> 6) & 63] as string;
    if (i + 2 < bytes.length) text += alphabet[chunk & 63] as string;
  }
  return text;
};

/**
 * Standard base64 with padding (RFC 4648 section 4).
 * @example toBase64(new Uint8Array([255])) // '/w=='
 */
export const toBase64 = (bytes: Uint8Array): string => {
  const text = encode(bytes, standard);
  return text + '='.repeat((4 - (text.length % 4)) % 4);
};

/** URL-safe base64 without padding (RFC 4648 section 5, as JOSE writes it). */
export const toBase64Url = (bytes: Uint8Array): string => encode(bytes, urlSafe);

/**
 * Decodes base64 of which there is one spelling per alphabet: white space, wrong padding and non-zero trailing bits are
 * refused, so that two texts never stand for the same bytes. Padding may be left out only where `url` is accepted.
 * Refuses with `BASE64_MALFORMED`.
 */
export const fromBase64 = (text: string, alphabet: Base64Alphabet = 'standard'): Result<Uint8Array> => {
  const table = tables[alphabet];
  let digits = text.length;
  while (digits > 0 && digits > text.length - 2 && text.charCodeAt(digits - 1) === 0x3d) digits--;
  const padded = text.length % 4 === 0;
  if (!padded && (alphabet === 'standard' || digits < text.length)) return refuse('BASE64_MALFORMED', 'bad padding');
  if (digits % 4 === 1) return refuse('BASE64_MALFORMED', 'bad length');

  const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < digits; i++) {
    const value = table[text.charCodeAt(i)] ?? 255;
    if (value === 255) return refuse('BASE64_MALFORMED', `no base64 digit at ${i}`);
    bits = ((bits & 0xfff) << 6) | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 255;
    }
  }
  if ((bits & ((1 << held) - 1)) !== 0) return refuse('BASE64_MALFORMED', 'trailing bits are not zero');
  return ok(bytes);
};
