import { fromUtf8 } from '@orgo/core';

/** A half open range of bytes. */
export type Span = { from: number; to: number };

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * The members of an object that starts at a place, without white space between tokens: where each key with its quotes and each value lies.
 * It finds ends and judges nothing inside a value. Returns the place behind the object, or -1 where it is none.
 */
export function* membersAt(bytes: Uint8Array, at: number): Generator<{ name: string; key: Span; value: Span }, number> {
  if (bytes[at] !== openBrace) return -1;
  if (bytes[at + 1] === closeBrace) return at + 2;
  for (let from = at + 1; ; ) {
    const keyEnd = bytes[from] === quote ? endOfString(bytes, from) : -1;
    if (keyEnd < 0 || bytes[keyEnd] !== colon) return -1;
    const to = endOfValue(bytes, keyEnd + 1);
    const name = fromUtf8(bytes.subarray(from + 1, keyEnd - 1));
    if (to < 0 || !name.ok || name.value.includes('\\')) return -1;
    yield { name: name.value, key: { from, to: keyEnd }, value: { from: keyEnd + 1, to } };
    if (bytes[to] === closeBrace) return to + 1;
    if (bytes[to] !== comma) return -1;
    from = to + 1;
  }
}

/** The elements of a list that starts at a place, as `membersAt` finds members. */
export function* elementsAt(bytes: Uint8Array, at: number): Generator<Span, number> {
  if (bytes[at] !== openBracket) return -1;
  if (bytes[at + 1] === closeBracket) return at + 2;
  for (let from = at + 1; ; ) {
    const to = endOfValue(bytes, from);
    if (to < 0) return -1;
    yield { from, to };
    if (bytes[to] === closeBracket) return to + 1;
    if (bytes[to] !== comma) return -1;
    from = to + 1;
  }
}

function endOfString(bytes: Uint8Array, at: number): number {
  for (let end = bytes.indexOf(quote, at + 1); end >= 0; end = bytes.indexOf(quote, end + 1)) {
    let escapes = end;
    while (bytes[escapes - 1] === backslash) escapes--;
    if ((end - escapes) % 2 === 0) return end + 1;
  }
  return -1;
}

function endOfValue(bytes: Uint8Array, at: number): number {
  let depth = 0;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === quote) {
      i = endOfString(bytes, i) - 1;
      if (i < 0) return -1;
      if (depth === 0) return i + 1;
    } else if (byte === openBrace || byte === openBracket) {
      depth++;
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return i > at ? i : -1;
      if (--depth === 0) return i + 1;
    } else if (byte === comma && depth === 0) {
      return i > at ? i : -1;
    }
  }
  return -1;
}
