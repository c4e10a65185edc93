import { digestHex, digestOf } from '@orgo/core';
import { Breach } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

/** Rings at a later time, in whatever process of the service. May forget, be late or ring twice: the sweep does not rest on it. */
export type Waker = {
  at(dueInMs: number): void;
  close(): Promise<void>;
};

export type WakerOptions = {
  redisUrl: string;
  /** Names the queue: who shares it wakes each other. */
  queue: string;
  onWake(): void;
  log: Log;
  /** How long Redis may take to answer, default 5 s. */
  answerMs?: number;
};

/** Alarms due within one step share a job: a job says when to look, not at what. */
const stepMs = 250;

type Parts = { queue: Queue; worker: Worker };

async function openParts(from: {
  name: string;
  asking: Redis;
  taking: Redis;
  onWake(): void;
  onError(error: unknown): void;
}): Promise<Parts> {
  const queue = new Queue(from.name, { connection: from.asking });
  const worker = new Worker(from.name, async () => from.onWake(), { connection: from.taking });
  queue.on('error', from.onError);
  worker.on('error', from.onError);
  try {
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    return { queue, worker };
  } catch (error) {
    await Promise.allSettled([worker.close(true), queue.close()]);
    throw error;
  }
}

/** Passes on what comes of `work`, or rejects when that takes longer. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer in ${ms} ms`)), ms);
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/**
 * BullMQ as the early bell: a delayed job per quarter of a second in which something is due.
 * While Redis is away, or takes connections and says nothing, nothing waits for it and nothing fails; the sweep in PostgreSQL goes on alone.
 * @throws Breach SERVER_CONFIG_MISMATCH when a Redis that answers may evict keys
 */
export async function startWaker({
  redisUrl,
  queue: name,
  onWake,
  log,
  answerMs = 5_000,
}: WakerOptions): Promise<Waker> {
  // Without an offline queue a command fails at once instead of hanging until Redis is back.
  const asking = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    lazyConnect: true,
    commandTimeout: answerMs,
  });
  const taking = new Redis(redisUrl, { maxRetriesPerRequest: null, lazyConnect: true });
  const pending = new Set<string>();
  let parts: Parts | undefined;
  let opening: Promise<void> | undefined;
  let usable = false;
  let away = false;

  const missed = (error: unknown): void => {
    if (!away) log.warn({ code: 'REDIS_UNAVAILABLE', err: error, queue: name }, 'alarms fall back to the sweep');
    away = true;
  };
  for (const client of [asking, taking]) client.on('error', missed);

  // Once at a time: a check may begin while the one before it waits for an answer.
  const open = (): Promise<void> => {
    opening ??= openParts({ name, asking, taking, onWake, onError: missed }).then(
      (opened) => {
        parts = opened;
      },
      (error) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  const check = async (): Promise<void> => {
    usable = false;
    const policy = /maxmemory_policy:(\S+)/.exec(await asking.info('memory'))?.[1];
    if (policy !== 'noeviction')
      throw new Breach('SERVER_CONFIG_MISMATCH', `Redis has maxmemory-policy ${policy}, not noeviction`);
    // Only now, and again if it fails: BullMQ never recovers from a server that was away when it was constructed.
    await open();
    usable = true;
    if (away) log.info({ queue: name }, 'Redis is back');
    away = false;
  };
  const refuse = (error: unknown): void => {
    if (error instanceof Breach) log.error({ code: error.code, err: error }, 'Redis is not used');
    else missed(error);
  };

  const first = asking.connect().then(check);
  try {
    await within(answerMs, first);
  } catch (error) {
    if (error instanceof Breach) {
      for (const client of [asking, taking]) client.disconnect();
      throw error;
    }
    missed(error);
    // It may end later, and is heard then.
    first.catch(refuse);
  }
  // A server that comes back may be another one.
  asking.on('ready', () => void check().catch(refuse));

  return {
    at(dueInMs) {
      if (!usable || asking.status !== 'ready') return;
      const due = Math.ceil((Date.now() + dueInMs) / stepMs) * stepMs;
      const jobId = `alarm-${digestHex(digestOf([name, due])).slice(0, 32)}`;
      if (pending.has(jobId)) return;
      pending.add(jobId);
      const delay = due - Date.now();
      setTimeout(() => pending.delete(jobId), Math.min(delay, 0x7fff_ffff)).unref();
      parts?.queue.add('look', {}, { jobId, delay, removeOnComplete: true, removeOnFail: true }).catch((error) => {
        pending.delete(jobId);
        missed(error);
      });
    },
    async close() {
      usable = false;
      // Forced: a job that is being taken rings again elsewhere, which is harmless.
      await Promise.allSettled([parts?.worker.close(true), parts?.queue.close()]);
      for (const client of [asking, taking]) client.disconnect();
    },
  };
}
