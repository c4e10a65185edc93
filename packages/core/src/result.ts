/** Codes this package refuses with; every one is a row of the reason table in @orgo/contracts. */
export type ReasonCode =
  | 'BASE64_MALFORMED'
  | 'CANONICAL_TYPE_UNSUPPORTED'
  | 'CHECKPOINT_MALFORMED'
  | 'CHECKPOINT_SIGNATURE_INVALID'
  | 'JSON_DUPLICATE_KEY'
  | 'JSON_FORBIDDEN_KEY'
  | 'JSON_INVALID_UNICODE'
  | 'JSON_MALFORMED'
  | 'JSON_NUMBER_RANGE'
  | 'JSON_TOO_DEEP'
  | 'JSON_TOO_LARGE'
  | 'KEY_UNKNOWN'
  | 'PAYLOAD_TYPE_MISMATCH'
  | 'PROOF_INVALID'
  | 'SIGNATURE_INVALID'
  | 'THRESHOLD_NOT_MET';

/** The rules said yes. */
export type Ok<T> = { ok: true; value: T };

/** The rules said no. `detail` is for people and may change; `code` is for machines and may not. */
export type Refusal = {
  ok: false;
  code: ReasonCode;
  detail: string;
  /** Where in the input, as an RFC 6901 JSON pointer, when the input is JSON. */
  path?: string;
};

/** A decision as a value: an expected refusal is returned, never thrown. */
export type Result<T> = Ok<T> | Refusal;

/**
 * Accepts with a value.
 * @example ok(3) // { ok: true, value: 3 }
 */
export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });

/**
 * Refuses with a reason code.
 * @example refuse('JSON_DUPLICATE_KEY', 'member "a" appears twice', '/a')
 */
export const refuse = (code: ReasonCode, detail: string, path?: string): Refusal =>
  path === undefined ? { ok: false, code, detail } : { ok: false, code, detail, path };
