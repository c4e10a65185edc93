import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { faultHeader, type Headers, headersOf, toNatsHeaders } from './bus-headers.ts';
import { codeOf, Fault } from './errors.ts';
import type { Log } from './log.ts';
import { settledWithin } from './settled.ts';

/** What is known about a request apart from its bytes. */
export type IncomingRequest = { subject: string; headers: Headers };

/**
 * Answers requests on a subject, each in its own turn. Registered at the server on return.
 * @throws Fault BUS_UNAVAILABLE when the connection is lost meanwhile; then nothing is served, also not after the next connection
 */
export async function startServing(
  nc: NatsConnection,
  subject: string,
  queue: string,
  handler: (bytes: Uint8Array, request: IncomingRequest) => Promise<Uint8Array>,
  log: Log,
): Promise<{ stop(deadlineMs?: number): Promise<void> }> {
  const running = new Set<Promise<void>>();

  const answer = async (message: Msg): Promise<void> => {
    try {
      message.respond(await handler(message.data, { subject: message.subject, headers: headersOf(message) }));
    } catch (error) {
      // The sender keeps its message, so a fault costs a delay and nothing else.
      log.warn({ err: error, code: codeOf(error), subject: message.subject }, 'request failed');
      message.respond(undefined, { headers: toNatsHeaders({ [faultHeader]: codeOf(error) }) });
    }
  };
  const subscription = nc.subscribe(subject, {
    queue,
    callback: (error, message) => {
      if (error !== null) {
        log.error({ err: error, subject }, 'subscription failed');
        return;
      }
      const turn = answer(message).finally(() => running.delete(turn));
      running.add(turn);
    },
  });
  try {
    await nc.flush();
  } catch (cause) {
    if (!subscription.isClosed()) subscription.unsubscribe();
    throw new Fault('BUS_UNAVAILABLE', { cause });
  }

  return {
    async stop(deadlineMs = 10_000) {
      if (!subscription.isClosed()) subscription.unsubscribe();
      await settledWithin(running, deadlineMs);
    },
  };
}
