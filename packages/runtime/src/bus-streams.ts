import {
  type ConsumerConfig,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { commandStream, consumerFilterOf, consumerOf, eventStream, maxMessageBytes } from '@orgo/contracts';
import { Breach, codeOf, Fault } from './errors.ts';

const seconds = 1_000_000_000;
const mebibyte = 1_048_576;

/** How long a delivered command may stay unanswered before the server delivers it again, where nobody says otherwise. */
export const defaultAckWaitMs = 10_000;

/** Only settings that NATS 2.9 knows: it ignores newer ones in silence, so nothing may rest on them. */
const streams = [
  {
    name: commandStream.name,
    subjects: [...commandStream.subjects],
    retention: 'workqueue',
    storage: 'file',
    discard: 'new',
    max_msgs: 100_000,
    max_bytes: 512 * mebibyte,
    max_msg_size: maxMessageBytes,
    max_age: 0,
    num_replicas: 1,
    duplicate_window: 120 * seconds,
  },
  {
    name: eventStream.name,
    subjects: [...eventStream.subjects],
    retention: 'limits',
    storage: 'file',
    discard: 'old',
    max_msgs: 1_000_000,
    max_bytes: 128 * mebibyte,
    max_msg_size: maxMessageBytes,
    max_age: 7 * 86_400 * seconds,
    num_replicas: 1,
    duplicate_window: 120 * seconds,
  },
] as const;

const consumerConfig = (adapter: string, ackWaitMs: number) =>
  ({
    durable_name: consumerOf(adapter),
    filter_subject: consumerFilterOf(adapter),
    ack_policy: 'explicit',
    ack_wait: ackWaitMs * 1_000_000,
    deliver_policy: 'all',
    replay_policy: 'instant',
    // The orchestrator owns attempts: a message the server gave up on would lie in the queue unseen.
    max_deliver: -1,
    max_ack_pending: 10_000,
  }) as const;

const differences = (asked: object, found: object): string[] =>
  Object.entries(asked)
    .filter(([name, value]) => JSON.stringify((found as Record<string, unknown>)[name]) !== JSON.stringify(value))
    .map(
      ([name, value]) =>
        `${name} is ${JSON.stringify((found as Record<string, unknown>)[name])} instead of ${JSON.stringify(value)}`,
    );

const compare = (what: string, asked: object, found: object): void => {
  const wrong = differences(asked, found);
  if (wrong.length > 0) throw new Breach('SERVER_CONFIG_MISMATCH', `${what}: ${wrong.join('; ')}`);
};

const isNotFound = (error: unknown): boolean => error instanceof JetStreamApiError && error.status === 404;

/** A server that answers “no” to what we ask is set up otherwise; one that does not answer is a fault. */
const asBusError = (what: string, error: unknown): Error => {
  if (codeOf(error) === 'SERVER_CONFIG_MISMATCH') return error as Error;
  const refused = error instanceof JetStreamApiError && error.status === 400;
  return refused
    ? new Breach('SERVER_CONFIG_MISMATCH', { detail: `${what}: ${error.message}`, cause: error })
    : new Fault('BUS_UNAVAILABLE', { cause: error });
};

const managerOf = (nc: NatsConnection): Promise<JetStreamManager> =>
  jetstreamManager(nc, { checkAPI: false, timeout: 5000 });

/** Creates or checks all streams; answers when the command stream was created (RFC 3339, nanoseconds). */
export async function createStreams(nc: NatsConnection): Promise<string> {
  let created = '';
  for (const stream of streams) {
    try {
      const manager = await managerOf(nc);
      const found = await manager.streams.info(stream.name).catch(async (error) => {
        if (!isNotFound(error)) throw error;
        await manager.streams.add(stream as unknown as Partial<StreamConfig> & { name: string });
        return manager.streams.info(stream.name);
      });
      compare(`stream ${stream.name}`, stream, found.config);
      if (stream.name === commandStream.name) created = found.created;
    } catch (error) {
      throw asBusError(`stream ${stream.name}`, error);
    }
  }
  return created;
}

/**
 * Creates or checks the durable consumer of an adapter. One that is there is never changed: NATS 2.9 takes a new filter, reads it back as
 * asked, and then delivers nothing.
 */
export async function createConsumer(nc: NatsConnection, adapter: string, ackWaitMs: number): Promise<void> {
  const config = consumerConfig(adapter, ackWaitMs);
  const what = `consumer ${config.durable_name}`;
  try {
    const { consumers } = await managerOf(nc);
    const find = () => consumers.info(commandStream.name, config.durable_name);
    const found = await find().catch(async (error) => {
      if (!isNotFound(error)) throw error;
      await consumers.add(commandStream.name, config as unknown as Partial<ConsumerConfig>);
      return find();
    });
    compare(what, config, found.config);
  } catch (error) {
    throw asBusError(what, error);
  }
}

const atLeast294 = (version: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  return major > 2 || (major === 2 && (minor > 9 || (minor === 9 && patch >= 4)));
};

/** Returns where the server can carry Orgo. @throws Breach SERVER_CONFIG_MISMATCH, and the connection is closed. */
export async function checkServer(nc: NatsConnection): Promise<void> {
  const { version = '0', jetstream = false, headers = false, max_payload = 0 } = nc.info ?? {};
  const problems = [
    !atLeast294(version) && `version ${version} is older than 2.9.4`,
    !jetstream && 'JetStream is off',
    !headers && 'headers are off',
    max_payload < maxMessageBytes && `max_payload ${max_payload} is below ${maxMessageBytes}`,
  ].filter((problem) => problem !== false);
  if (problems.length === 0) return;
  await nc.close();
  throw new Breach('SERVER_CONFIG_MISMATCH', `NATS: ${problems.join('; ')}`);
}
