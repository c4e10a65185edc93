import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { commandStream, consumerOf, maxMessageBytes } from '@orgo/contracts';
import { type Servers, startServers } from '@orgo/infra/servers';
import { type Bus, connectBus, type Delivery } from '@orgo/runtime/bus';
import { natsOptions } from '@orgo/runtime/bus-address';
import { Fault } from '@orgo/runtime/errors';
import { createLog } from '@orgo/runtime/log';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

const log = createLog({ service: 'test', level: 'silent' });
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (from: Uint8Array) => new TextDecoder().decode(from);
const unavailable = expect.objectContaining({ code: 'BUS_UNAVAILABLE' });

let servers: Servers;
let bus: Bus;
let other: Bus;
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-bus-'));

beforeAll(async () => {
  servers = await startServers({ home, need: ['nats'], env: {} });
});
afterAll(async () => {
  await servers.stop();
  fs.rmSync(home, { recursive: true, force: true });
});
beforeEach(async () => {
  [bus, other] = await Promise.all(
    [0, 1].map(() => connectBus({ url: servers.urls.NATS_URL, name: 'test', log })) as [Promise<Bus>, Promise<Bus>],
  );
});
afterEach(async () => {
  await Promise.all([bus.close(), other.close()]);
});

/** Collects what a handler is given and hands out the n-th when it has come. */
function inbox<T>() {
  const items: T[] = [];
  const waiting: { count: number; resolve(): void }[] = [];
  return {
    items,
    push(item: T) {
      items.push(item);
      for (const one of waiting) if (items.length >= one.count) one.resolve();
    },
    async reaches(count: number): Promise<T[]> {
      if (items.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      return items;
    },
  };
}
const reconnected = (of: Bus) => new Promise<void>((resolve) => of.onReconnect(resolve));
const cmd = (adapter: string) => `orgo.v1.acme.cmd.${adapter}`;

test('a request is answered, by one of a queue group, with headers', async () => {
  const answer = async (_: Uint8Array, request: { headers: Readonly<Record<string, string>>; subject: string }) =>
    bytes(`${request.subject} ${request.headers['x-a']}`);
  await Promise.all([bus.serve('t.*', 'q', answer), other.serve('t.*', 'q', answer)]);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => bus.request('t.a', bytes('hi'), { headers: { 'x-a': '1' } })),
  );
  expect(new Set(answers.map(text))).toEqual(new Set(['t.a 1']));
  expect(answers).toHaveLength(50);
});

test('nobody listening is told at once, silence after the timeout, a fault by its name', async () => {
  // Who waited for the time-out would wait longer than the test.
  await expect(bus.request('t.nobody', bytes(''), { timeoutMs: 600_000 })).rejects.toEqual(unavailable);

  await other.serve('t.silent', 'q', () => new Promise(() => undefined));
  await expect(bus.request('t.silent', bytes(''), { timeoutMs: 100 })).rejects.toEqual(unavailable);

  await other.serve('t.failing', 'q', () => Promise.reject(new Fault('DATABASE_UNAVAILABLE')));
  await expect(bus.request('t.failing', bytes(''))).rejects.toMatchObject({
    name: 'Fault',
    code: 'DATABASE_UNAVAILABLE',
  });
  expect(() => bus.request('t.a', new Uint8Array(maxMessageBytes + 1))).toThrow(
    expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }),
  );
});

test('a stopped service lets running requests end and takes no more', async () => {
  let release = (): void => undefined;
  let entered = (): void => undefined;
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const serving = await other.serve('t.slow', 'q', async () => {
    entered();
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return bytes('done');
  });
  const running = bus.request('t.slow', bytes(''));
  await inside;
  const stopped = serving.stop();
  release();
  expect(text(await running)).toBe('done');
  await stopped;
  await expect(bus.request('t.slow', bytes(''))).rejects.toEqual(unavailable);
});

test('streams are created once, read back, and another setting is refused', async () => {
  const created = await bus.ensureStreams();
  expect(await other.ensureStreams()).toBe(created);
  const nc = await connect(natsOptions(servers.urls.NATS_URL, 'test'));
  const manager = await jetstreamManager(nc);
  await manager.streams.delete(commandStream.name);
  await manager.streams.add({ name: commandStream.name, subjects: ['orgo.v1.*.cmd.>'], retention: 'limits' });
  await expect(bus.ensureStreams()).rejects.toMatchObject({ name: 'Breach', code: 'SERVER_CONFIG_MISMATCH' });
  await manager.streams.delete(commandStream.name);
  expect(await bus.ensureStreams()).not.toBe(created);

  await manager.consumers.add(commandStream.name, {
    durable_name: consumerOf('strange'),
    ack_policy: 'explicit',
    filter_subject: cmd('strange'),
  });
  await expect(bus.consume('strange', async () => undefined)).rejects.toMatchObject({ code: 'SERVER_CONFIG_MISMATCH' });
  await manager.consumers.delete(commandStream.name, consumerOf('strange'));
  await nc.close();
});

test('each command is handled by one replica and leaves the queue when acknowledged', async () => {
  await bus.ensureStreams();
  const got = inbox<string>();
  const take = async (message: Delivery) => {
    got.push(text(message.bytes));
    message.ack();
  };
  await Promise.all([bus.consume('once', take, { maxInFlight: 4 }), other.consume('once', take, { maxInFlight: 4 })]);
  const sent = Array.from({ length: 500 }, (_, i) => `${i}`);
  await Promise.all(sent.map((id) => bus.publishCommand(cmd('once'), bytes(id), { msgId: `once-${id}` })));
  expect((await bus.publishCommand(cmd('once'), bytes('7'), { msgId: 'once-7' })).duplicate).toBe(true);
  expect((await got.reaches(500)).toSorted()).toEqual(sent.toSorted());
});

test('no more messages are taken than there are free hands', async () => {
  await bus.ensureStreams();
  let running = 0;
  let most = 0;
  const got = inbox<string>();
  const gates: (() => void)[] = [];
  const opened = inbox<() => void>();
  await bus.consume(
    'few',
    async (message) => {
      running++;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => {
        gates.push(resolve);
        opened.push(resolve);
      });
      running--;
      message.ack();
      got.push(text(message.bytes));
    },
    { maxInFlight: 3 },
  );
  await Promise.all(
    Array.from({ length: 12 }, (_, i) => bus.publishCommand(cmd('few'), bytes(`${i}`), { msgId: `few-${i}` })),
  );
  for (let i = 1; i <= 12; i++) {
    await opened.reaches(i);
    gates[i - 1]?.();
  }
  await got.reaches(12);
  expect(most).toBe(3);
});

test('a message whose handler throws comes back, later each time, and says so', async () => {
  await bus.ensureStreams();
  const got = inbox<{ at: number; deliveries: number }>();
  await bus.consume('again', async (message) => {
    got.push({ at: performance.now(), deliveries: message.deliveries });
    if (message.deliveries < 3) throw new Fault('DATABASE_UNAVAILABLE');
    message.ack();
  });
  await bus.publishCommand(cmd('again'), bytes('x'), { msgId: 'again-1' });
  const [first, second, third] = await got.reaches(3);
  expect([first?.deliveries, second?.deliveries, third?.deliveries]).toEqual([1, 2, 3]);
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(100);
});

test('a message stays ours while its handler runs', async () => {
  await bus.ensureStreams();
  const nc = await connect(natsOptions(servers.urls.NATS_URL, 'test'));
  const working = new Promise<void>((resolve) => {
    nc.subscribe('$JS.ACK.>', { callback: (_, message) => (message.string() === '+WPI' ? resolve() : undefined) });
  });
  await nc.flush();
  const got = inbox<number>();
  await other.consume('long', async (message) => {
    await working;
    message.ack();
    got.push(message.deliveries);
  });
  await bus.publishCommand(cmd('long'), bytes('x'), { msgId: 'long-1' });
  expect(await got.reaches(1)).toEqual([1]);
  await nc.close();
});

test('a stopped consumer gives back what it has not finished', async () => {
  await bus.ensureStreams();
  const got = inbox<string>();
  const stuck = await bus.consume('back', async () => {
    got.push('stuck');
    await new Promise(() => undefined);
  });
  await bus.publishCommand(cmd('back'), bytes('x'), { msgId: 'back-1' });
  await got.reaches(1);
  await stuck.stop(20);
  await other.consume('back', async (message) => {
    // Which delivery this is nobody can say: the server takes one off its count when a receiver is leaving just then.
    got.push('taken over');
    message.ack();
  });
  expect((await got.reaches(2))[1]).toBe('taken over');
});

test('a full queue is a fault, not a loss', async () => {
  await bus.ensureStreams();
  const nc = await connect(natsOptions(servers.urls.NATS_URL, 'test'));
  const manager = await jetstreamManager(nc);
  const { config } = await manager.streams.info(commandStream.name);
  await manager.streams.update(commandStream.name, { ...config, max_msgs: 1 });
  await bus.publishCommand(cmd('full'), bytes('a'), { msgId: 'full-1' });
  await expect(bus.publishCommand(cmd('full'), bytes('b'), { msgId: 'full-2' })).rejects.toEqual(unavailable);
  await manager.streams.update(commandStream.name, config);
  await manager.streams.purge(commandStream.name);
  await nc.close();
});

test('consumers, services and requests survive kill -9 of the server with its store wiped', async () => {
  const before = await bus.ensureStreams();
  const got = inbox<string>();
  await other.consume('wiped', async (message) => {
    got.push(text(message.bytes));
    message.ack();
  });
  await other.serve('t.wiped', 'q', async () => bytes('still here'));
  await bus.publishCommand(cmd('wiped'), bytes('before'), { msgId: 'wiped-1' });
  await got.reaches(1);

  const back = Promise.all([reconnected(bus), reconnected(other)]);
  await servers.kill('nats');
  await expect(bus.request('t.wiped', bytes(''))).rejects.toEqual(unavailable);
  await servers.restart('nats', { wipe: true });
  await back;

  expect(text(await bus.request('t.wiped', bytes('')))).toBe('still here');
  expect(await bus.ensureStreams()).not.toBe(before);
  await bus.publishCommand(cmd('wiped'), bytes('after'), { msgId: 'wiped-1' });
  expect(await got.reaches(2)).toEqual(['before', 'after']);
});

test('who begins to serve while the server is away is told so, and serves nothing when it is back', async () => {
  const back = Promise.all([reconnected(bus), reconnected(other)]);
  await servers.kill('nats');
  await expect(other.serve('t.late', 'q', async () => bytes('late'))).rejects.toEqual(unavailable);
  await servers.restart('nats');
  await back;
  await expect(bus.request('t.late', bytes(''))).rejects.toEqual(unavailable);
});

test('a deleted stream is made again while the connection stays', async () => {
  await bus.ensureStreams();
  const got = inbox<string>();
  await other.consume('deleted', async (message) => {
    got.push(text(message.bytes));
    message.ack();
  });
  const nc = await connect(natsOptions(servers.urls.NATS_URL, 'test'));
  await (await jetstreamManager(nc)).streams.delete(commandStream.name);
  await nc.close();
  // The consumer is told that it was deleted and makes stream and consumer again; until then publishing is a fault.
  for (;;) {
    const sent = await bus.publishCommand(cmd('deleted'), bytes('x'), { msgId: 'deleted-1' }).catch((error) => error);
    if (!(sent instanceof Fault)) break;
    expect(sent.code).toBe('BUS_UNAVAILABLE');
  }
  expect(await got.reaches(1)).toEqual(['x']);
});

test('a server that cannot be reached is a fault; a request in flight when it dies fails at once', async () => {
  await expect(connectBus({ url: 'nats://127.0.0.1:1', name: 'test', log })).rejects.toEqual(unavailable);
  const entered = inbox<true>();
  await other.serve('t.dying', 'q', async () => {
    entered.push(true);
    return new Promise(() => undefined);
  });
  const asked = bus.request('t.dying', bytes(''), { timeoutMs: 600_000 });
  await entered.reaches(1);
  const back = Promise.all([reconnected(bus), reconnected(other)]);
  await Promise.all([expect(asked).rejects.toEqual(unavailable), servers.kill('nats')]);
  await servers.restart('nats');
  await back;
});
