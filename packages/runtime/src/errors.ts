import { isReasonCode, type ReasonCode, reasons } from '@orgo/contracts';
import type { Refusal } from '@orgo/core';

/** Free text for people (alone, or with the error that led here). Nothing depends on it. */
export type ErrorContext = string | { detail?: string; cause?: unknown };

class CodedError extends Error {
  readonly code: ReasonCode;
  readonly detail: string;

  constructor(code: ReasonCode, context: ErrorContext = {}) {
    const { detail, cause } = typeof context === 'string' ? { detail: context, cause: undefined } : context;
    const text = detail ?? (cause instanceof Error ? cause.message : reasons[code].title);
    super(`${code}: ${text}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = text;
  }
}

/** The world failed: nothing was decided, whoever sent the work tries again. */
export class Fault extends CodedError {
  override readonly name = 'Fault';
}

/** Integrity is violated: the work stops, nobody retries, a person is told. */
export class Breach extends CodedError {
  override readonly name = 'Breach';
}

/**
 * The rules said no, where only a throw can carry it: at the edge of HTTP and of the command line, and out of ports that
 * promise bytes (an artifact that does not exist). Pure code returns a refusal instead.
 */
export class Refused extends CodedError {
  override readonly name = 'Refused';

  /** Carries a refusal of pure code over an edge that throws. */
  static from(refusal: Refusal): Refused {
    return new Refused(
      refusal.code,
      refusal.path === undefined ? refusal.detail : `${refusal.detail} (${refusal.path})`,
    );
  }
}

/** Reason code of anything thrown; `INTERNAL_ERROR` for what names none. */
export function codeOf(error: unknown): ReasonCode {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && isReasonCode(code) ? code : 'INTERNAL_ERROR';
}

/** What a person may read about anything thrown. */
export function detailOf(error: unknown): string {
  if (error instanceof CodedError) return error.detail;
  return error instanceof Error ? error.message : String(error);
}
