import { isReasonCode, type ReasonCode, reasons } from '@orgo/contracts';

/** Ends a command: the code decides the exit, the table the next step (exit: 2 usage, 3 refusal, 4 fault, 5 breach). */
export class CliError extends Error {
  readonly code: string;
  /** What to do next; the catalogue's help where none is given. */
  readonly next: string;
  constructor(code: ReasonCode | string, detail: string, next?: string) {
    super(detail);
    this.code = code;
    this.next = next ?? (isReasonCode(code) ? reasons[code].help : 'See docs/reference/reasons.md.');
  }
  get exit(): number {
    return isReasonCode(this.code) ? reasons[this.code].exit : 3;
  }
}

/** Anything thrown, as a CliError; what nobody foresaw is exit 1. */
export function asCliError(error: unknown): { code: string; detail: string; next: string; exit: number } {
  if (error instanceof CliError) return { code: error.code, detail: error.message, next: error.next, exit: error.exit };
  const { code, detail = error instanceof Error ? error.message : String(error) } = (error ?? {}) as {
    code?: unknown;
    detail?: string;
  };
  if (typeof code === 'string' && isReasonCode(code))
    return { code, detail, next: reasons[code].help, exit: reasons[code].exit };
  return { code: 'INTERNAL_ERROR', detail, next: reasons.INTERNAL_ERROR.help, exit: 1 };
}
