import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { isReasonCode } from '@orgo/contracts';
import { faultHeader, type Headers, statusOf, toNatsHeaders } from './bus-headers.ts';
import { Fault } from './errors.ts';

type Pending = { resolve(bytes: Uint8Array): void; reject(fault: Fault): void; deadline: number };

export type Requests = {
  send(subject: string, bytes: Uint8Array, timeoutMs: number, headers?: Headers): Promise<Uint8Array>;
  /** Fails everything that waits: their answers can no longer arrive. */
  failAll(detail: string): void;
};

/** How late a timeout may be. One timer serves all requests, and none runs while nothing waits. */
const tickMs = 50;

const faultOf = (message: Msg): Fault | undefined => {
  if (statusOf(message) === 503) return new Fault('BUS_UNAVAILABLE', 'nobody listens on that subject');
  const code = message.headers?.get(faultHeader);
  return code === undefined || code === ''
    ? undefined
    : new Fault(isReasonCode(code) ? code : 'INTERNAL_ERROR', 'told by the other side');
};

/** Requests over one inbox subscription of our own: no subscription, timer or error object per request. */
export function createRequests(nc: NatsConnection, inboxPrefix?: string): Requests {
  const inbox = `${createInbox(inboxPrefix)}.`;
  const pending = new Map<string, Pending>();
  let last = 0;
  let timer: NodeJS.Timeout | undefined;

  const settle = (id: string): Pending | undefined => {
    const found = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    return found;
  };
  const tick = (): void => {
    const now = performance.now();
    for (const [id, { deadline }] of pending) {
      if (deadline <= now) settle(id)?.reject(new Fault('BUS_UNAVAILABLE', 'no answer in time'));
    }
  };

  nc.subscribe(`${inbox}*`, {
    callback: (error, message) => {
      if (error !== null) return;
      const waiting = settle(message.subject.slice(inbox.length));
      if (waiting === undefined) return;
      const fault = faultOf(message);
      if (fault === undefined) waiting.resolve(message.data);
      else waiting.reject(fault);
    },
  });

  return {
    send(subject, bytes, timeoutMs, headers) {
      return new Promise((resolve, reject) => {
        last = (last + 1) % Number.MAX_SAFE_INTEGER;
        const id = last.toString(36);
        pending.set(id, { resolve, reject, deadline: performance.now() + timeoutMs });
        timer ??= setInterval(tick, tickMs);
        try {
          nc.publish(subject, bytes, { reply: inbox + id, ...(headers && { headers: toNatsHeaders(headers) }) });
        } catch (cause) {
          settle(id)?.reject(new Fault('BUS_UNAVAILABLE', { cause }));
        }
      });
    },
    failAll(detail) {
      for (const id of [...pending.keys()]) settle(id)?.reject(new Fault('BUS_UNAVAILABLE', detail));
    },
  };
}
