import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import { commandStream, maxMessageBytes } from '@orgo/contracts';
import { natsOptions } from './bus-address.ts';
import type { Headers } from './bus-headers.ts';
import { type Delivery, removalMs, startPull } from './bus-pull.ts';
import { createRequests } from './bus-requests.ts';
import { type IncomingRequest, startServing } from './bus-serving.ts';
import { checkServer, createStreams, defaultAckWaitMs } from './bus-streams.ts';
import { Fault, Refused } from './errors.ts';
import type { Log } from './log.ts';

export type { Headers } from './bus-headers.ts';
export type { Delivery } from './bus-pull.ts';
export type { IncomingRequest } from './bus-serving.ts';

/** Work taken from the bus until it is stopped. `stop` takes nothing new and returns when what runs has ended, at the latest after `deadlineMs`. */
export type Serving = { stop(deadlineMs?: number): Promise<void> };

/**
 * The road. Every message on it can be derived again from PostgreSQL: a lost one delays, and never changes, an outcome.
 * All faults are `BUS_UNAVAILABLE`: whoever sent the message keeps it and tries again.
 */
export type Bus = {
  isConnected(): boolean;
  /**
   * Asks and waits for the answer. Rejects at once where nobody listens, the connection is lost or the answer is a fault; after
   * `timeoutMs` (default 5,000) where none comes. The other side may have acted although we heard nothing.
   * @throws Fault BUS_UNAVAILABLE, or the fault the other side names; Refused MESSAGE_TOO_LARGE.
   */
  request(subject: string, bytes: Uint8Array, options?: { timeoutMs?: number; headers?: Headers }): Promise<Uint8Array>;
  /** Answers requests on a subject, shared within a queue group. A handler that throws answers its reason code as a fault. */
  serve(
    subject: string,
    queue: string,
    handler: (bytes: Uint8Array, request: IncomingRequest) => Promise<Uint8Array>,
  ): Promise<Serving>;
  /**
   * Puts a command onto the work queue; stored by the server on return. A `msgId` seen in the last two minutes is not stored again,
   * which is noise reduction and nothing to rely on. A full stream is a fault: that is the back-pressure.
   */
  publishCommand(subject: string, bytes: Uint8Array, options: { msgId: string }): Promise<{ duplicate: boolean }>;
  /**
   * Takes an adapter's commands, at least once each. While a handler runs the message stays ours; when it returns without having acknowledged, or
   * throws, the message comes back after a growing delay. Survives restarts of the server, also with an empty store.
   */
  consume(
    adapter: string,
    handler: (message: Delivery) => Promise<void>,
    options?: { maxInFlight?: number },
  ): Promise<Serving>;
  /**
   * Creates the streams or checks those that are there. Answers when the command stream was created: another time than before means that
   * the server lost its store and every command that is still wanted must be sent again.
   * @throws Breach SERVER_CONFIG_MISMATCH when a setting reads back other than asked.
   */
  ensureStreams(): Promise<string>;
  /** Called after every reconnection, when requests go through again, out and in. Answers how to stop listening. */
  onReconnect(listener: () => void): () => void;
  /**
   * Hears what is published on a subject, as long as there is a connection: for words whose loss harms nobody. Every listener hears each, and must not
   * throw. Answers how to stop listening.
   */
  listen(subject: string, hear: (bytes: Uint8Array, subject: string) => void): () => void;
  /** A public event; fire and forget. */
  publishEvent(subject: string, bytes: Uint8Array): void;
  /** Stops everything that takes work, and waits for what runs; requests still go out. */
  drain(deadlineMs?: number): Promise<void>;
  /** Sends what is buffered and ends the connection. Waiting requests fail. Idempotent. */
  close(): Promise<void>;
};

const checkSize = (bytes: Uint8Array): void => {
  if (bytes.length > maxMessageBytes)
    throw new Refused('MESSAGE_TOO_LARGE', `${bytes.length} bytes; ${maxMessageBytes} is the most`);
};

const openConnection = async (url: string, name: string): Promise<NatsConnection> => {
  try {
    return await connect(natsOptions(url, name));
  } catch (cause) {
    throw new Fault('BUS_UNAVAILABLE', { cause });
  }
};

/**
 * Connects to NATS and checks that it can carry Orgo: version 2.9.4 or newer, JetStream on, headers on.
 * `url` is `nats://[user:password@]host:port`, or several of them with commas.
 * `ackWaitMs`: how long a command that was taken may stay unanswered before it comes again (default 10 s), the same in all processes of an adapter.
 * @throws Fault BUS_UNAVAILABLE when no server answers, Breach SERVER_CONFIG_MISMATCH when one cannot.
 */
export async function connectBus(options: { url: string; name: string; log: Log; ackWaitMs?: number }): Promise<Bus> {
  const { log, ackWaitMs = defaultAckWaitMs } = options;
  const nc = await openConnection(options.url, options.name);
  await checkServer(nc);
  const { inboxPrefix } = natsOptions(options.url, options.name);
  const requests = createRequests(nc, inboxPrefix);
  const servings = new Set<Serving>();
  const pulls = new Set<{ recover(): void }>();
  const listeners = new Set<() => void>();
  let connected = true;

  /** The client subscribes again without waiting: only an answered ping says that the server has taken that in. */
  const tellListeners = async (): Promise<void> => {
    const answered = await nc.flush().then(
      () => true,
      () => false,
    );
    // Lost again meanwhile: the next reconnection tells them.
    if (answered && connected) for (const listener of listeners) listener();
  };
  const watch = async (): Promise<void> => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') {
        connected = false;
        log.warn({ server: status.server }, 'bus disconnected');
        requests.failAll('the connection was lost');
      } else if (status.type === 'reconnect') {
        connected = true;
        log.info({ server: status.server }, 'bus connected again');
        for (const pull of pulls) pull.recover();
        void tellListeners();
      } else if (status.type === 'error') {
        const forbidden = status.error instanceof errors.PermissionViolationError;
        log.error({ err: status.error, ...(forbidden && { code: 'SUBJECT_FORBIDDEN' }) }, 'bus error');
      }
    }
  };
  void watch();

  let creating: Promise<string> | undefined;
  const ensureStreams = (): Promise<string> => {
    creating ??= createStreams(nc).finally(() => {
      creating = undefined;
    });
    return creating;
  };
  let repair: NodeJS.Timeout | undefined;
  const repairStreams = (): void => {
    repair ??= setTimeout(() => {
      repair = undefined;
      if (connected) ensureStreams().catch((err) => log.warn({ err }, 'cannot create the streams'));
    }, removalMs);
  };
  const request: Bus['request'] = (subject, bytes, { timeoutMs = 5000, headers } = {}) => {
    checkSize(bytes);
    if (!connected) return Promise.reject(new Fault('BUS_UNAVAILABLE', 'not connected'));
    return requests.send(subject, bytes, timeoutMs, headers);
  };
  const track = (serving: Serving): Serving => {
    const tracked = {
      stop(deadlineMs?: number) {
        servings.delete(tracked);
        return serving.stop(deadlineMs);
      },
    };
    servings.add(tracked);
    return tracked;
  };
  const drain = async (deadlineMs?: number): Promise<void> => {
    await Promise.all([...servings].map((serving) => serving.stop(deadlineMs)));
  };

  return {
    isConnected: () => connected,
    request,
    async serve(subject, queue, handler) {
      return track(await startServing(nc, subject, queue, handler, log));
    },
    async publishCommand(subject, bytes, { msgId }) {
      const headers = { 'Nats-Msg-Id': msgId, 'Nats-Expected-Stream': commandStream.name };
      const answer = await request(subject, bytes, { headers }).catch((error) => {
        // The stream may be gone although the server is there; whoever tries again finds it.
        if (connected) repairStreams();
        throw error;
      });
      const ack = JSON.parse(new TextDecoder().decode(answer)) as {
        stream?: string;
        duplicate?: boolean;
        error?: { description?: string };
      };
      // A refusal names the stream as well.
      if (ack.error !== undefined || ack.stream !== commandStream.name)
        throw new Fault('BUS_UNAVAILABLE', ack.error?.description ?? 'not stored');
      return { duplicate: ack.duplicate === true };
    },
    async consume(adapter, handler, { maxInFlight = 16 } = {}) {
      const pull = await startPull({
        nc,
        adapter,
        inboxPrefix,
        maxInFlight,
        ackWaitMs,
        handler,
        log,
        ensureStreams,
        isConnected: () => connected,
      });
      pulls.add(pull);
      return track({
        stop(deadlineMs) {
          pulls.delete(pull);
          return pull.stop(deadlineMs);
        },
      });
    },
    ensureStreams,
    onReconnect(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    listen(subject, hear) {
      const subscription = nc.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) hear(message.data, message.subject);
          else log.error({ err: error, subject }, 'subscription failed');
        },
      });
      return () => {
        if (!subscription.isClosed()) subscription.unsubscribe();
      };
    },
    publishEvent(subject, bytes) {
      checkSize(bytes);
      if (connected) nc.publish(subject, bytes);
    },
    drain,
    async close() {
      await drain(0);
      clearTimeout(repair);
      requests.failAll('the bus is closed');
      if (nc.isClosed()) return;
      if (connected) await nc.flush().catch(() => undefined);
      connected = false;
      await nc.close();
    },
  };
}
