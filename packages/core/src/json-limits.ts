/** A JSON value as the strict reader gives it. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** How much JSON a reader is willing to hold. */
export type JsonLimits = {
  /** UTF-8 bytes of the whole text. */
  maxBytes: number;
  /** Arrays and objects inside each other; a lone scalar has depth 0. Never more than `depthCeiling`. */
  maxDepth: number;
  /** Object members and array elements of the whole text together. */
  maxMembers: number;
  /** UTF-8 bytes of any one string or key, after unescaping. */
  maxString: number;
};

/** The deepest nesting that is ever read or written: what keeps recursion over a JSON value safe. */
export const depthCeiling = 512;

/** Limits of a request body: 1 MiB, depth 32, 10,000 members, strings of 64 KiB. */
export const defaultLimits: Readonly<JsonLimits> = {
  maxBytes: 1_048_576,
  maxDepth: 32,
  maxMembers: 10_000,
  maxString: 65_536,
};

/** Keys that reach an object's prototype when someone merges or assigns them. */
export const isForbiddenKey = (key: string): boolean =>
  key === '__proto__' || key === 'constructor' || key === 'prototype';

// Every plane ends in two noncharacters, and the BMP has 32 more (Unicode 23.7); I-JSON bars them (RFC 7493 section 2.1).
const noncharacter =
  /[\ufdd0-\ufdef\ufffe\uffff]|[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]/;

/** True for text without lone surrogates and noncharacters. */
export const isCleanUnicode = (text: string): boolean => text.isWellFormed() && !noncharacter.test(text);
