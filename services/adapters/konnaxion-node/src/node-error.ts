import type { ReasonCode } from '@orgo/contracts';

/** Nothing was decided: the world failed a node, its folder cannot be used, or it was asked for what it does not do. The code says which. */
export class NodeError extends Error {
  readonly code: ReasonCode;
  constructor(code: ReasonCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'NodeError';
    this.code = code;
  }
}

const systemCode = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
};

/** The reason code of anything thrown while a node works. What the operating system says no to is the node's folder. */
export const codeOfError = (error: unknown): ReasonCode =>
  error instanceof NodeError ? error.code : systemCode(error) ? 'HOME_UNREADABLE' : 'INTERNAL_ERROR';

/** One line about a failure. `fetch` hides what happened in its cause. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const why = systemCode(error.cause);
  return why ? `${error.message} (${why})` : error.message;
}

/** A request that brought no answer, or one that the other side did not mean to give: try again. */
export const noAnswer = (what: string, error: unknown): NodeError =>
  error instanceof NodeError
    ? error
    : new NodeError('SERVICE_UNAVAILABLE', `${what}: ${messageOf(error)}`, { cause: error });
