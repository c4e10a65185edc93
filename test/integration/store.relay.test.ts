import type { Ack } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { ackOf } from '@orgo/runtime/envelope';
import { Breach } from '@orgo/runtime/errors';
import { createLog } from '@orgo/runtime/log';
import type { Db } from '@orgo/store/db';
import type { OutRow } from '@orgo/store/machine';
import { insertOutbox } from '@orgo/store/outbox';
import { type Relay, type RelayOptions, startRelay } from '@orgo/store/relay';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedDatabaseUrl } from '../kit/database.shared.ts';
import { createStoreSchema, startTestServers, type TestSchema, type TestServers } from '../kit/database.ts';

type Item = { aggregate: string; n: number; pad?: string };
type Envelope = { v: 1; type: string; tenant_id: string; items: Item[] };

const log = createLog({ service: 'test', level: 'silent' });
const subject = 'orgo.v1.t.audit.decision';
const row = (aggregate: string, n: number, more: Partial<OutRow> = {}, pad?: string): OutRow => ({
  subject,
  transport: 'request',
  channel: 'decision',
  tenant_id: 't',
  aggregate,
  message_id: `${aggregate}-${n}`,
  item: { aggregate, n, ...(pad && { pad }) } as JsonValue,
  ...more,
});

let servers: TestServers;
let schema: TestSchema;
let db: Db;
let bus: Bus;
let relays: Relay[] = [];

beforeAll(async () => {
  servers = await startTestServers('nats');
}, 60_000);
afterAll(() => servers.stop());
beforeEach(async () => {
  schema = await createStoreSchema(sharedDatabaseUrl());
  db = schema.open();
  bus = await connectBus({ url: servers.urls.NATS_URL, name: 'test', log });
  await bus.ensureStreams();
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop(1_000)));
  relays = [];
  await bus.close();
  await db.close();
});

const start = (more: Partial<RelayOptions> = {}): Relay => {
  const relay = startRelay({ db, bus, log, maxPauseMs: 100, ...more });
  relays.push(relay);
  return relay;
};
/** How long something may take on a machine that has much else to do. */
const soon = { timeout: 30_000, interval: 5 };
const put = (rows: OutRow[]) => db.tx((tx) => insertOutbox(tx, rows));
const left = async (): Promise<number> =>
  (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM outbox')).rows[0]?.n ?? -1;
const empty = () => vi.waitFor(async () => expect(await left()).toBe(0), { timeout: 20_000, interval: 10 });
const accepted = { outcome: 'accepted', code: null } as const;
const decode = (bytes: Uint8Array): Envelope => JSON.parse(new TextDecoder().decode(bytes));

/** Answers as told, and keeps what it took. Takes an item once, as an inbox does. */
const receive = async (
  answer: (item: Item, envelope: Envelope) => Ack['results'][number] = () => accepted,
  on = subject,
) => {
  const taken: Item[] = [];
  const envelopes: Envelope[] = [];
  const known = new Set<string>();
  const serving = await bus.serve(on, 'receiver', async (bytes) => {
    const envelope = decode(bytes);
    envelopes.push(envelope);
    return ackOf(
      envelope.items.map((item) => {
        const id = `${item.aggregate}-${item.n}`;
        if (known.has(id)) return { outcome: 'duplicate', code: null };
        const result = answer(item, envelope);
        if (result.outcome !== 'later') {
          known.add(id);
          taken.push(item);
        }
        return result;
      }),
    );
  });
  return { taken, envelopes, serving };
};
const orders = (taken: Item[]): Record<string, number[]> => {
  const by: Record<string, number[]> = {};
  for (const { aggregate, n } of taken) by[aggregate] = [...(by[aggregate] ?? []), n];
  return by;
};

describe('relay', () => {
  it('holds its lease on a connection that the server gives up seconds after a host vanished', async () => {
    const session = await db.session();
    const setting = async (name: string) =>
      (await session.query<{ is: string }>(`SELECT current_setting('${name}') AS is`)).rows[0]?.is;
    // What the socket has, as the server reads it back.
    expect([await setting('tcp_keepalives_idle'), await setting('tcp_keepalives_interval')]).toEqual(['5', '2']);
    expect([await setting('tcp_keepalives_count'), await setting('tcp_user_timeout')]).toEqual(['3', '15000']);
    await session.close();
  });

  it('sends rows it is handed without reading them, in one stream with those it has read', async () => {
    const { taken } = await receive();
    const relay = start({ pollMs: 60_000 });
    await vi.waitFor(() => expect(relay.leading()).toBe(true), { timeout: 20_000, interval: 5 });
    relay.nudge(await put([row('a', 1)]));
    relay.nudge(await put([row('a', 2), row('b', 1)]));
    await empty();
    // What nobody hands over is found by looking; what is handed over behind it still comes behind it.
    await put([row('a', 3)]);
    relay.nudge();
    relay.nudge(await put([row('a', 4)]));
    await empty();
    expect(taken.filter(({ aggregate }) => aggregate === 'a').map(({ n }) => n)).toEqual([1, 2, 3, 4]);
    expect(taken).toHaveLength(5);
  });

  it('sends a row that holds a part of its item whole, handed over or read back', async () => {
    const { taken } = await receive();
    const part = (aggregate: string, n: number): OutRow => ({ ...row(aggregate, n), kept: { n } });
    await put([part('a', 1), row('b', 1)]);
    const relay = start({
      fill: async (_, rows) =>
        rows.map((one) => {
          const item = JSON.parse(one.item) as Partial<Item>;
          if (item.n === 13) return new Breach('DECISION_MALFORMED', 'its decision is gone');
          return { ...one, item: JSON.stringify({ aggregate: one.aggregate, ...item }) };
        }),
    });
    await empty();
    relay.nudge(await put([part('a', 2)]));
    await empty();
    // One that cannot be completed stays, and holds up no other.
    await put([part('c', 13), row('c', 14), part('a', 3)]);
    relay.nudge();
    await vi.waitFor(async () => expect(await left()).toBe(1), { timeout: 20_000, interval: 10 });
    expect(orders(taken)).toEqual({ a: [1, 2, 3], b: [1], c: [14] });
  });

  it('takes a row once that it is handed while it reads it', async () => {
    const { taken } = await receive();
    const relay = start();
    for (let n = 1; n <= 40; n++) {
      const rows = await put([row('a', n)]);
      relay.nudge();
      relay.nudge(rows);
    }
    await empty();
    expect(taken.map(({ n }) => n)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it('sends what waits in one envelope per subject, and deletes what was received', async () => {
    const { taken, envelopes } = await receive();
    await put([row('a', 1), row('b', 1), row('c', 1)]);
    // It looks by itself again only when the test is long over.
    const relay = start({ pollMs: 600_000 });
    await empty();
    expect(envelopes).toEqual([
      {
        v: 1,
        type: 'orgo.gate.decision.v1',
        tenant_id: 't',
        items: [
          { aggregate: 'a', n: 1 },
          { aggregate: 'b', n: 1 },
          { aggregate: 'c', n: 1 },
        ],
      },
    ]);
    await put([row('d', 1)]);
    relay.nudge();
    await vi.waitFor(() => expect(taken).toHaveLength(4), soon);
    await empty();
  });

  it('keeps the order of each aggregate while receivers put off, time out and refuse', async () => {
    let calls = 0;
    const { taken } = await receive((item) => {
      calls++;
      if (calls % 3 === 0) return { outcome: 'later', code: 'STATE_CONFLICT' };
      return item.n % 5 === 0 ? { outcome: 'refused', code: 'GATE_SUBJECT_CLOSED' } : accepted;
    });
    const ids = Array.from({ length: 7 }, (_, i) => `a${i}`);
    const rows = Array.from({ length: 20 }, (_, n) => ids.map((id) => row(id, n))).flat();
    for (let i = 0; i < rows.length; i += 9) await put(rows.slice(i, i + 9));
    start({ maxPauseMs: 5 });
    await empty();
    for (const id of ids) expect(orders(taken)[id]).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('leaves other subjects alone when a receiver is away, and goes on when it comes', async () => {
    const other = 'orgo.v1.u.audit.decision';
    const { taken } = await receive(undefined, other);
    const relay = start();
    await put([row('a', 1), row('a', 2), row('x', 1, { subject: other, tenant_id: 'u' })]);
    relay.nudge();
    await vi.waitFor(() => expect(taken).toEqual([{ aggregate: 'x', n: 1 }]), soon);
    expect(await left()).toBeGreaterThanOrEqual(2);
    const late = await receive();
    await empty();
    expect(late.taken.map((item) => item.n)).toEqual([1, 2]);
  });

  it('splits what does not fit into one message', async () => {
    const { envelopes } = await receive();
    await put(Array.from({ length: 7 }, (_, i) => row(`a${i}`, 1, {}, 'é'.repeat(100_000))));
    start();
    await empty();
    expect(envelopes.map((envelope) => envelope.items.length)).toEqual([2, 2, 2, 1]);
  });

  it('does not let an item that cannot be read sink its company', async () => {
    const { taken } = await receive((_, envelope) =>
      envelope.items.some((item) => item.n === 13) ? { outcome: 'refused', code: 'MESSAGE_MALFORMED' } : accepted,
    );
    // The receiver above counts a refused item as known; ask it about envelopes, as a parser would.
    const parsed: Item[] = [];
    await bus.drain();
    await bus.serve(subject, 'receiver', async (bytes) => {
      const envelope = decode(bytes);
      const bad = envelope.items.some((item) => item.n === 13);
      if (!bad) parsed.push(...envelope.items);
      return ackOf(envelope.items.map(() => (bad ? { outcome: 'refused', code: 'MESSAGE_MALFORMED' } : accepted)));
    });
    await put([row('a', 1), row('b', 13), row('c', 1)]);
    start();
    await empty();
    expect(taken).toEqual([]);
    expect(parsed).toEqual([
      { aggregate: 'a', n: 1 },
      { aggregate: 'c', n: 1 },
    ]);
  });

  it('puts commands onto the work queue in order, and public events onto theirs', async () => {
    const commands: Item[] = [];
    await put([
      row('a', 1, { transport: 'work-queue', channel: 'command', subject: 'orgo.v1.t.cmd.echo' }),
      row('a', 2, { transport: 'work-queue', channel: 'command', subject: 'orgo.v1.t.cmd.echo' }),
      row('a', 3, { transport: 'event', channel: 'event', subject: 'orgo.v1.t.evt.build.started' }),
    ]);
    await bus.consume('echo', async (message) => {
      commands.push(...decode(message.bytes).items);
      message.ack();
    });
    start();
    await empty();
    await vi.waitFor(() => expect(commands.map((item) => item.n)).toEqual([1, 2]), soon);
  });

  it('hands local rows to their handler', async () => {
    const seen: string[] = [];
    await put([
      row('a', 1, { transport: 'local', channel: 'local', subject: 'snapshot' }),
      row('a', 2, { transport: 'local', channel: 'local', subject: 'snapshot' }),
    ]);
    let first = true;
    start({
      local: {
        snapshot: async (rows) => {
          const outcome = first ? 'later' : 'accepted';
          first = false;
          if (outcome === 'accepted') seen.push(...rows.map((one) => one.item));
          return rows.map(() => ({ outcome }));
        },
      },
    });
    await empty();
    expect(seen.map((item) => JSON.parse(item).n)).toEqual([1, 2]);
  });

  it('has one publisher among many processes; another takes over when it stops or loses its connection', async () => {
    const { taken } = await receive();
    const pair = [start({ pollMs: 50 }), start({ pollMs: 50 })] as const;
    await vi.waitFor(() => expect(pair.filter((relay) => relay.leading())).toHaveLength(1), soon);
    const leader = pair.find((relay) => relay.leading()) as Relay;
    const follower = pair.find((relay) => relay !== leader) as Relay;
    await db.query(
      `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = $1`,
      [`orgo-${schema.schema}`],
    );
    await put([row('a', 1)]);
    await empty();
    await vi.waitFor(() => expect(pair.filter((relay) => relay.leading())).toHaveLength(1), soon);
    const now = pair.find((relay) => relay.leading()) as Relay;
    await now.stop();
    await put([row('a', 2)]);
    await empty();
    expect(taken.map((item) => item.n)).toEqual([1, 2]);
    expect([leader, follower]).toContain(pair.find((relay) => relay.leading()));
  });

  it('is told at once by a process that does not publish itself', async () => {
    const { taken } = await receive();
    const pair = [start({ pollMs: 600_000 }), start({ pollMs: 600_000 })] as const;
    await vi.waitFor(() => expect(pair.some((relay) => relay.leading())).toBe(true), soon);
    const follower = pair.find((relay) => !relay.leading()) as Relay;
    // The leader's first look is over when it has sent something.
    await put([row('a', 1)]);
    for (const relay of pair) relay.nudge();
    await empty();
    await put([row('a', 2)]);
    follower.nudge();
    await vi.waitFor(() => expect(taken).toHaveLength(2), soon);
  });

  it('delivers everything once NATS is back, with its store gone', async () => {
    const { taken } = await receive();
    const relay = start({ requestTimeoutMs: 500 });
    await put([row('a', 1)]);
    relay.nudge();
    await empty();
    await servers.kill('nats');
    await put(Array.from({ length: 50 }, (_, i) => row(`a${i % 5}`, i + 2)));
    relay.nudge();
    await servers.restart('nats', { wipe: true });
    await empty();
    expect(taken).toHaveLength(51);
    for (const numbers of Object.values(orders(taken))) expect(numbers).toEqual([...numbers].sort((x, y) => x - y));
  });

  it('ends every pause when the bus is back', async () => {
    const lines: string[] = [];
    const telling = createLog({ service: 'test', destination: { write: (line) => void lines.push(line) } });
    const other = 'orgo.v1.u.audit.decision';
    const relay = start({ firstPauseMs: 60_000, maxPauseMs: 60_000, log: telling });
    await put([row('a', 1)]);
    relay.nudge();
    await vi.waitFor(() => expect(lines.filter((line) => line.includes('not delivered'))).toHaveLength(1), soon);
    const { taken } = await receive();
    const elsewhere = await receive(undefined, other);
    await put([row('x', 1, { subject: other })]);
    relay.nudge();
    await vi.waitFor(() => expect(elsewhere.taken).toHaveLength(1), soon);
    expect(taken).toEqual([]);
    await servers.restart('nats');
    await empty();
    expect(taken).toHaveLength(1);
  });

  it('does not let a receiver that is away, with a long queue, hold up others or change an order', async () => {
    const other = 'orgo.v1.u.audit.decision';
    const { taken } = await receive(undefined, other);
    await put(Array.from({ length: 3_000 }, (_, i) => row(`a${i}`, 1)));
    // `a2900` has a row for the absent receiver, which is not even read, before this one.
    await put([row('a2900', 2, { subject: other }), row('x', 1, { subject: other })]);
    start();
    await vi.waitFor(() => expect(taken).toEqual([{ aggregate: 'x', n: 1 }]), soon);
    const late = await receive();
    await empty();
    expect(late.taken).toHaveLength(3_000);
    expect(taken).toEqual([
      { aggregate: 'x', n: 1 },
      { aggregate: 'a2900', n: 2 },
    ]);
  });

  it('stops within its deadline while a receiver is silent, and leaves the rows', async () => {
    await bus.serve(subject, 'receiver', () => new Promise(() => undefined));
    await put([row('a', 1)]);
    const relay = start({ requestTimeoutMs: 600_000 });
    await vi.waitFor(() => expect(relay.leading()).toBe(true), soon);
    await relay.stop(200);
    expect(await left()).toBe(1);
  });
});
