import { ok, type Result, refuse } from './result.ts';

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF in the text, so that the reader above can refuse it instead of losing it here.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of well-formed text. A lone surrogate would turn into U+FFFD: check `isWellFormed()` where text is not trusted. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/**
 * Decodes UTF-8 without repair: overlong forms, surrogates and truncated sequences are refused, a BOM is kept.
 * Refuses with `JSON_MALFORMED`.
 */
export const fromUtf8 = (bytes: Uint8Array): Result<string> => {
  try {
    return ok(decoder.decode(bytes));
  } catch {
    return refuse('JSON_MALFORMED', 'not valid UTF-8');
  }
};

/** Number of bytes the text takes in UTF-8, without encoding it. */
export const utf8Length = (text: string): number => {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair takes two of the pair's four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
};

/** Orders text by UTF-16 code units: no locale, same order everywhere. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
