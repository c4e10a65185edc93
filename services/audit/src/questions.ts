import { tenantIdSchema, tenantOfSubject } from '@orgo/contracts';
import { canonicalBytes, type JsonValue, parseStrict } from '@orgo/core';
import type { IncomingRequest } from '@orgo/runtime/bus';
import { Breach, codeOf, detailOf, Refused } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';

/** A read-only question that other services ask over the bus. Asking again is harmless. */
export type Question = {
  subject: string;
  /** A JSON value. Faults are thrown: whoever asks tries again. */
  answer(tenant: string, question: JsonValue): Promise<JsonValue>;
};

const unanswerable = (error: unknown): boolean => error instanceof Breach || error instanceof Refused;

/** Handles a question that came over the bus. What can never be answered is `{ok: false, code, detail}`. */
export const answering =
  ({ answer }: Question, log: Log) =>
  async (bytes: Uint8Array, request: IncomingRequest): Promise<Uint8Array> => {
    const tenant = tenantIdSchema.safeParse(tenantOfSubject(request.subject));
    const question = parseStrict(bytes);
    if (!tenant.success || !question.ok)
      return canonicalBytes({ ok: false, code: 'MESSAGE_MALFORMED', detail: 'no question' });
    try {
      return canonicalBytes(await answer(tenant.data, question.value));
    } catch (error) {
      if (!unanswerable(error)) throw error;
      log.error({ err: error, code: codeOf(error), subject: request.subject }, 'a question cannot be answered');
      return canonicalBytes({ ok: false, code: codeOf(error), detail: detailOf(error) });
    }
  };
