import {
  defaultLimits,
  depthCeiling,
  isCleanUnicode,
  isForbiddenKey,
  type JsonLimits,
  type JsonValue,
} from './json-limits.ts';
import { locate } from './json-locate.ts';
import { survey } from './json-survey.ts';
import { ok, type Result, refuse } from './result.ts';
import { fromUtf8, utf8, utf8Length } from './text.ts';

/** What the walk over a parsed value found; `false` sends the text to the slow reader, which names the first fault. */
type Walk = { keys: number; elements: number; zeros: number; checkUnicode: boolean; maxString: number };

const isGoodText = (text: string, walk: Walk): boolean =>
  (text.length * 3 <= walk.maxString || utf8Length(text) <= walk.maxString) &&
  (!walk.checkUnicode || isCleanUnicode(text));

const isGoodNumber = (value: number, walk: Walk): boolean => {
  if (value === 0) {
    walk.zeros++;
    return 1 / value > 0;
  }
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
};

// Recursion is safe here: the survey has bounded the depth before the text was parsed.
const isGood = (value: JsonValue, walk: Walk): boolean => {
  if (typeof value === 'string') return isGoodText(value, walk);
  if (typeof value === 'number') return isGoodNumber(value, walk);
  if (value === null || typeof value === 'boolean') return true;
  if (Array.isArray(value)) {
    walk.elements += value.length;
    for (let i = 0; i < value.length; i++) if (!isGood(value[i] as JsonValue, walk)) return false;
    return true;
  }
  const keys = Object.keys(value);
  walk.keys += keys.length;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (isForbiddenKey(key) || !isGoodText(key, walk) || !isGood(value[key] as JsonValue, walk)) return false;
  }
  return true;
};

const parseText = (text: string, bytes: Uint8Array, limits: JsonLimits): Result<JsonValue> => {
  const found = survey(bytes, limits);
  if (found === undefined) return locate(text, limits) ?? refuse('JSON_MALFORMED', 'not JSON');
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return locate(text, limits) ?? refuse('JSON_MALFORMED', 'not JSON');
  }
  const walk: Walk = {
    keys: 0,
    elements: 0,
    zeros: 0,
    checkUnicode: text.length !== bytes.length || found.escaped,
    maxString: limits.maxString,
  };
  const good =
    isGood(value, walk) &&
    // Fewer keys than separators: the parser has overwritten one, so the text names it twice.
    walk.keys === found.colons &&
    walk.keys + walk.elements <= limits.maxMembers &&
    !(walk.zeros > 0 && found.tiny);
  // A number beyond 2^53, or one that may have lost everything to underflow, is judged by its spelling.
  return good ? ok(value) : (locate(text, limits) ?? ok(value));
};

/**
 * Reads JSON as I-JSON (RFC 7493) and nothing else, so that any two readers see the same value.
 *
 * Refuses, with a JSON pointer and offset where there is one:
 * `JSON_TOO_LARGE` (bytes of the text or of one string), `JSON_TOO_DEEP` (nesting or members), `JSON_MALFORMED` (grammar, UTF-8, BOM, trailing bytes),
 * `JSON_DUPLICATE_KEY` (after unescaping), `JSON_FORBIDDEN_KEY` (`__proto__`, `constructor`, `prototype`),
 * `JSON_INVALID_UNICODE` (lone surrogates, noncharacters), `JSON_NUMBER_RANGE` (integers beyond 2^53-1 that are written
 * or would be canonically written as digits, infinities, negative zero, non-zero spellings that underflow to zero).
 *
 * Memory stays within a small multiple of `maxBytes` and the stack within `maxDepth`, whatever the input.
 * @example parseStrict('{"a":1,"\\u0061":2}') // { ok: false, code: 'JSON_DUPLICATE_KEY', … }
 */
export const parseStrict = (input: Uint8Array | string, limits?: Partial<JsonLimits>): Result<JsonValue> => {
  const all: JsonLimits = limits === undefined ? defaultLimits : { ...defaultLimits, ...limits };
  if (all.maxDepth > depthCeiling) all.maxDepth = depthCeiling;
  if (input.length > all.maxBytes) return refuse('JSON_TOO_LARGE', `more than ${all.maxBytes} bytes`);
  if (typeof input !== 'string') {
    const decoded = fromUtf8(input);
    return decoded.ok ? parseText(decoded.value, input, all) : decoded;
  }
  if (input.length * 3 > all.maxBytes && utf8Length(input) > all.maxBytes) {
    return refuse('JSON_TOO_LARGE', `more than ${all.maxBytes} bytes`);
  }
  return parseText(input, utf8(input), all);
};
