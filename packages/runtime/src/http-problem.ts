import { type Problem, type ReasonCode, reasons } from '@orgo/contracts';
import { codeOf, detailOf } from './errors.ts';

export const problemMediaType = 'application/problem+json';

/** RFC 9457 document of a reason code; what is not expected tells nothing about our insides. */
export function problemOf(error: unknown, trace_id: string | null): Problem {
  const code: ReasonCode = codeOf(error);
  const { title, http, help, retry } = reasons[code];
  const detail = code === 'INTERNAL_ERROR' ? title : detailOf(error);
  return {
    type: `urn:orgo:reason:${code}`,
    title,
    status: http,
    code,
    detail,
    retryable: retry === 'later',
    help,
    trace_id,
  };
}

/** Headers that go with a problem. */
export function problemHeaders({ code, retryable }: Problem): Record<string, string> {
  return {
    'content-type': problemMediaType,
    ...(retryable && { 'retry-after': '1' }),
    ...(code === 'REQUEST_UNAUTHENTICATED' && { 'www-authenticate': 'Bearer' }),
  };
}
