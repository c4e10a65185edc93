import { malformed, type ReasonRow } from './row.ts';

/** The strict reader in front of everything that is hashed or signed. */
export const jsonReasons = {
  JSON_MALFORMED: malformed('Not one JSON text in UTF-8', 'Send one JSON value, UTF-8 without BOM, nothing after it.'),
  JSON_TOO_LARGE: malformed(
    'JSON text is over its size limit',
    'Send large data by content address, not in a message.',
  ),
  JSON_TOO_DEEP: malformed(
    'JSON is nested too deep or has too many members',
    'Flatten the document; the limits are in the settings page.',
  ),
  JSON_DUPLICATE_KEY: malformed(
    'An object has the same key twice',
    'Remove the duplicate; escapes count as the character they stand for.',
  ),
  JSON_FORBIDDEN_KEY: malformed('A key named __proto__, constructor or prototype', 'Rename the member.'),
  JSON_INVALID_UNICODE: malformed('A lone surrogate or a noncharacter', 'Send well-formed Unicode.'),
  JSON_NUMBER_RANGE: malformed(
    'A number that does not survive a double',
    'Send integers within ±(2^53−1), no -0, no overflow; use a string otherwise.',
  ),
  CANONICAL_TYPE_UNSUPPORTED: malformed(
    'A value that has no canonical JSON form',
    'Pass plain objects, arrays, strings, finite numbers, booleans and null.',
  ),
  BASE64_MALFORMED: malformed('Base64 with bad alphabet, padding or trailing bits', 'Encode the bytes again.'),
  IDENTIFIER_INVALID: malformed(
    'A name with characters outside the allowed set',
    'Use lowercase ASCII letters, digits, dot, dash and underscore.',
  ),
} as const satisfies Record<string, ReasonRow>;
