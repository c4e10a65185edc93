import type { ReasonCode } from '@orgo/contracts';

export type { ReasonCode };

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
