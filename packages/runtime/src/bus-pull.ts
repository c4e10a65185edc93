import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { commandStream, consumerOf } from '@orgo/contracts';
import { backoffMs } from '@orgo/core';
import { statusOf } from './bus-headers.ts';
import { createConsumer } from './bus-streams.ts';
import { codeOf } from './errors.ts';
import type { Log } from './log.ts';
import { settledWithin } from './settled.ts';

/** One command taken from the queue. Exactly one of `ack` and `nak` counts; later calls do nothing. */
export type Delivery = {
  readonly bytes: Uint8Array;
  readonly subject: string;
  /** How often the server has delivered it, this time included. A hint: attempts are counted in the message. */
  readonly deliveries: number;
  /** Done: it leaves the queue. If this is lost on the way the message comes again. */
  ack(): void;
  /** Not done: it comes again after the delay. */
  nak(delayMs: number): void;
  /** Still at it. Called by the bus itself while a handler runs. */
  working(): void;
};

export type Pull = { recover(): void; stop(deadlineMs?: number): Promise<void> };

type Options = {
  nc: NatsConnection;
  adapter: string;
  inboxPrefix: string | undefined;
  maxInFlight: number;
  ackWaitMs: number;
  handler: (message: Delivery) => Promise<void>;
  log: Log;
  ensureStreams(): Promise<unknown>;
  isConnected(): boolean;
};

const expiresMs = 60_000;
const heartbeatMs = 5000;
/** NATS 2.9 answers that a stream is gone while it still removes it; one made again at once takes messages and delivers none. */
export const removalMs = 500;
const encoder = new TextEncoder();
const pause = (ms: number): Promise<void> => new Promise((resume) => setTimeout(resume, ms));

/** `$JS.ACK.<stream>.<consumer>.<deliveries>…`, in newer servers with domain and account before the stream. */
const deliveriesOf = (reply: string | undefined): number => {
  const tokens = (reply ?? '').split('.');
  return Number(tokens[tokens.length === 9 ? 4 : 6] ?? 1) || 1;
};

class TakenMessage implements Delivery {
  readonly subject: string;
  readonly deliveries: number;
  readonly #message: Msg;
  #settled = false;

  constructor(message: Msg) {
    this.#message = message;
    this.subject = message.subject;
    this.deliveries = deliveriesOf(message.reply);
  }
  get bytes(): Uint8Array {
    return this.#message.data;
  }
  #settle(answer: string): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#message.respond(encoder.encode(answer));
  }
  ack(): void {
    this.#settle('+ACK');
  }
  nak(delayMs: number): void {
    this.#settle(`-NAK {"delay":${Math.round(delayMs) * 1_000_000}}`);
  }
  working(): void {
    if (!this.#settled) this.#message.respond(encoder.encode('+WPI'));
  }
}

/**
 * Pulls as many messages as there are free hands, so that none waits in a buffer while its acknowledgement time runs. One request is open
 * at the server at any time; heartbeats tell that it still is.
 */
export async function startPull(options: Options): Promise<Pull> {
  const { nc, adapter, maxInFlight, handler, log } = options;
  const next = `$JS.API.CONSUMER.MSG.NEXT.${commandStream.name}.${consumerOf(adapter)}`;
  const inbox = createInbox(options.inboxPrefix);
  const running = new Map<TakenMessage, Promise<void>>();
  let requested = 0;
  let requestId = 0;
  let heardAt = 0;
  let stopped = false;
  let recovering = false;
  let lost = false;

  const ensure = async (): Promise<void> => {
    await options.ensureStreams();
    await createConsumer(nc, adapter, options.ackWaitMs);
  };
  const pull = (): void => {
    const batch = maxInFlight - running.size;
    if (stopped || recovering || requested > 0 || batch <= 0 || !options.isConnected()) return;
    requestId++;
    requested = batch;
    heardAt = performance.now();
    const request = { batch, expires: expiresMs * 1_000_000, idle_heartbeat: heartbeatMs * 1_000_000 };
    nc.publish(next, encoder.encode(JSON.stringify(request)), { reply: `${inbox}.${requestId}` });
  };
  const handle = async (message: TakenMessage): Promise<void> => {
    try {
      await handler(message);
    } catch (error) {
      log.warn(
        { err: error, code: codeOf(error), subject: message.subject, deliveries: message.deliveries },
        'command failed',
      );
    }
    message.nak(backoffMs(message.deliveries, { baseMs: 250, maxMs: 30_000, seed: message.subject }));
  };
  const take = (message: TakenMessage): void => {
    if (stopped) {
      message.nak(0);
      return;
    }
    const turn = handle(message).finally(() => {
      running.delete(message);
      pull();
    });
    running.set(message, turn);
  };

  const ensureOnce = async (attempt: number): Promise<boolean> => {
    try {
      await ensure();
      return true;
    } catch (error) {
      log.warn({ err: error, code: codeOf(error), adapter }, 'cannot consume yet');
      await pause(backoffMs(attempt, { baseMs: 100, maxMs: 2000, seed: inbox }));
      return false;
    }
  };
  /** The consumer, the stream or the server went away: make them again, then go on. A call while one runs makes it look once more. */
  const recover = async (waitMs = removalMs): Promise<void> => {
    lost = true;
    if (recovering) return;
    recovering = true;
    requestId++;
    for (let attempt = 1; lost && !stopped && options.isConnected(); attempt++) {
      lost = false;
      await pause(waitMs);
      if (!(await ensureOnce(attempt))) lost = true;
    }
    requested = 0;
    recovering = false;
    pull();
  };
  const onStatus = (id: string, code: number): void => {
    if (id !== `${requestId}`) return;
    if (code === 100) return;
    requested = 0;
    // 408: our request ran out, which an idle queue does every minute.
    if (code === 408 || code === 404) pull();
    else void recover();
  };

  const subscription = nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error !== null) {
        log.error({ err: error, adapter }, 'subscription failed');
        return;
      }
      heardAt = performance.now();
      if (message.subject.startsWith(inbox)) {
        onStatus(message.subject.slice(inbox.length + 1), statusOf(message) ?? 0);
        return;
      }
      requested = Math.max(0, requested - 1);
      take(new TakenMessage(message));
      pull();
    },
  });
  const work = setInterval(
    () => {
      for (const message of running.keys()) message.working();
    },
    Math.min(heartbeatMs, options.ackWaitMs / 2),
  );
  const beat = setInterval(() => {
    const silentMs = performance.now() - heardAt;
    if (requested > 0 && silentMs > 2.5 * heartbeatMs) void recover();
  }, heartbeatMs);

  // Only a hint: without it the missing heartbeats tell the same.
  const deleted = nc.subscribe(`$JS.EVENT.ADVISORY.STREAM.DELETED.${commandStream.name}`, {
    callback: () => void recover(),
  });
  const close = (): void => {
    for (const timer of [work, beat]) clearInterval(timer);
    for (const one of [subscription, deleted]) if (!one.isClosed()) one.unsubscribe();
  };

  try {
    await ensure();
  } catch (error) {
    close();
    throw error;
  }
  pull();

  return {
    recover: () => void recover(0),
    async stop(deadlineMs = 10_000) {
      if (stopped) return;
      stopped = true;
      // From here the server gives nothing to our open request: what is handed back below, or came on the way, goes to somebody else.
      const drained = subscription.drain().catch(() => undefined);
      await settledWithin([...running.values(), drained], deadlineMs);
      // Whoever else serves this adapter shall not wait for our acknowledgement time to pass.
      for (const message of running.keys()) message.nak(0);
      close();
    },
  };
}
