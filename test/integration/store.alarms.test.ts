import { createLog } from '@orgo/runtime/log';
import { claimDueAlarms, deleteFiredAlarms } from '@orgo/store/alarm-rows';
import { type Alarms, type AlarmsOptions, type DueAlarm, startAlarms } from '@orgo/store/alarms';
import type { Db } from '@orgo/store/db';
import { transact } from '@orgo/store/transact';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { add, counter, encodeCounts } from '../kit/database.counter.ts';
import { sharedDatabaseUrl } from '../kit/database.shared.ts';
import {
  aggregateSql,
  createStoreSchema,
  startTestServers,
  type TestSchema,
  type TestServers,
} from '../kit/database.ts';

const log = createLog({ service: 'test', level: 'silent' });

let servers: TestServers;
let schema: TestSchema;
let db: Db;
let running: Alarms[] = [];
let fired: DueAlarm[] = [];

beforeAll(async () => {
  servers = await startTestServers('redis');
});
afterAll(() => servers.stop());
beforeEach(async () => {
  schema = await createStoreSchema(sharedDatabaseUrl(), aggregateSql('counter'));
  db = schema.open();
  fired = [];
});
afterEach(async () => {
  await Promise.all(running.map((alarms) => alarms.stop()));
  running = [];
  await db.close();
});

const options = { encode: encodeCounts, nudge: () => undefined };
/** What a service does: a due alarm is a message for its machine. */
const toMachine = (rows: readonly DueAlarm[]) => {
  fired.push(...rows);
  const incoming = rows.map((row) => add(row.tenant_id, row.id, row.message_id, 0, { rang: row.alarm_id }));
  return transact(db, counter, incoming, options);
};
const start = async (more: Partial<AlarmsOptions> = {}): Promise<Alarms> => {
  const alarms = await startAlarms({ db, log, onAlarm: toMachine, ...more });
  running.push(alarms);
  return alarms;
};
/** How long something may take on a machine that has much else to do. */
const soon = { timeout: 30_000, interval: 10 };
const set = (id: string, alarm: string, due_in_ms: number, alarms?: Alarms) =>
  transact(
    db,
    counter,
    [add('t', id, `${id}-${alarm}`, 1, { alarm: { id: alarm, due_in_ms, kind: 'K', data: { id } } })],
    {
      ...options,
      ...(alarms && { alarms }),
    },
  );
const rang = async (): Promise<Record<string, string[]>> => {
  const { rows } = await db.query<{ id: string; alarms: string[] }>(
    `SELECT id, state->'alarms' AS alarms FROM counter ORDER BY id`,
  );
  return Object.fromEntries(rows.map((row) => [row.id, row.alarms]));
};
const left = async (): Promise<number> =>
  (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM alarm')).rows[0]?.n ?? -1;
const allRang = (expected: Record<string, string[]>) =>
  vi.waitFor(async () => {
    expect(await rang()).toEqual(expected);
    expect(await left()).toBe(0);
  }, soon);

describe('alarms', () => {
  it('fires when due and not before, and forgets the row', async () => {
    const alarms = await start();
    const before = performance.now();
    await set('a', 'x', 300, alarms);
    await allRang({ a: ['x'] });
    expect(performance.now() - before).toBeGreaterThan(295);
    expect(fired).toMatchObject([
      { tenant_id: 't', machine: 'counter', id: 'a', alarm_id: 'x', kind: 'K', data: { id: 'a' } },
    ]);
    expect(fired[0]?.message_id).toMatch(/^alarm:[0-9a-f]{64}$/);
  });

  it('fires what another process has set, within a sweep', async () => {
    await start();
    await set('a', 'x', 50);
    await allRang({ a: ['x'] });
  });

  it('fires each once with several processes, also more than one claim holds', async () => {
    const incoming = Array.from({ length: 600 }, (_, i) =>
      add('t', `a${i}`, `m${i}`, 1, { alarm: { id: 'x', due_in_ms: 0, kind: 'K', data: null } }),
    );
    await transact(db, counter, incoming, options);
    await Promise.all([start(), start(), start()]);
    await allRang(Object.fromEntries(incoming.map(({ input }) => [input.id, ['x']])));
    expect(fired).toHaveLength(600);
  });

  it('fires again what was put off or thrown, under the same message id', async () => {
    let calls = 0;
    await set('a', 'x', 0);
    await start({
      onAlarm: async (rows) => {
        calls++;
        if (calls === 1) throw new Error('not now');
        if (calls === 2) return [{ outcome: 'later' as const }];
        return toMachine(rows);
      },
      sweepMs: 50,
    });
    await allRang({ a: ['x'] });
    expect(calls).toBe(3);
  });

  it('fires what is younger although more than one claim holds is put off again and again', async () => {
    const stuck = Array.from({ length: 300 }, (_, i) =>
      add('keyless', `a${i}`, `m${i}`, 1, { alarm: { id: 'x', due_in_ms: 0, kind: 'K', data: null } }),
    );
    await transact(db, counter, stuck, options);
    await set('young', 'x', 0);
    const alarms = await start({
      onAlarm: async (rows) => {
        const able = rows.filter(({ tenant_id }) => tenant_id !== 'keyless');
        await toMachine(able);
        return rows.map((row) => ({ outcome: able.includes(row) ? ('accepted' as const) : ('later' as const) }));
      },
    });
    await vi.waitFor(async () => expect((await rang()).young).toEqual(['x']), soon);
    await alarms.stop();
    expect(await left()).toBe(300);
    await start();
    await vi.waitFor(async () => expect(await left()).toBe(0), soon);
  });

  it('takes over from a process that died in firing, which then changes nothing twice', async () => {
    await set('a', 'x', 0);
    const [claimed] = await claimDueAlarms(db, 10, 200);
    expect(claimed).toMatchObject({ alarm_id: 'x' });
    expect(await claimDueAlarms(db, 10, 60_000)).toEqual([]);
    // It had committed what the alarm does before it died.
    const alarms = await start({ claimMs: 200, sweepMs: 50 });
    await allRang({ a: ['x'] });
    await alarms.stop();
    expect(await toMachine([...fired])).toEqual([{ outcome: 'duplicate', code: null }]);
    expect(await rang()).toEqual({ a: ['x'] });
  });

  it('keeps an alarm that its own firing sets anew', async () => {
    const again = { id: 'x', due_in_ms: 100, kind: 'K', data: null };
    await set('a', 'x', 0);
    let times = 0;
    await start({
      onAlarm: (rows) => {
        times++;
        fired.push(...rows);
        const incoming = rows.map((row) =>
          add('t', 'a', row.message_id, 0, { rang: `${times}`, ...(times < 3 && { alarm: again }) }),
        );
        return transact(db, counter, incoming, options);
      },
    });
    await allRang({ a: ['1', '2', '3'] });
    expect(new Set(fired.map((row) => row.message_id)).size).toBe(3);
  });

  it('does not forget a later setting, already claimed elsewhere, with the earlier one', async () => {
    await set('a', 'x', 0);
    const first = await claimDueAlarms(db, 10, 60_000);
    await transact(
      db,
      counter,
      [add('t', 'a', 'again', 1, { alarm: { id: 'x', due_in_ms: 0, kind: 'K', data: null } })],
      options,
    );
    const second = await claimDueAlarms(db, 10, 60_000);
    expect([first.length, second.length]).toEqual([1, 1]);
    await deleteFiredAlarms(db, first);
    expect(await left()).toBe(1);
    await deleteFiredAlarms(db, second);
    expect(await left()).toBe(0);
  });

  it('does not fire what was taken back', async () => {
    const alarms = await start({ sweepMs: 20 });
    await set('a', 'x', 200, alarms);
    await transact(db, counter, [add('t', 'a', 'cancel', 1, { alarm: { cancel: 'x' } })], options);
    await set('b', 'y', 300, alarms);
    await allRang({ a: [], b: ['y'] });
  });
});

describe('alarms with Redis', () => {
  const redisUrl = () => servers.urls.REDIS_URL;
  const redis = async <T>(work: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(redisUrl(), { maxRetriesPerRequest: 1 });
    try {
      return await work(client);
    } finally {
      client.disconnect();
    }
  };

  it('wakes another process that would sleep on', async () => {
    const sleeper = await start({ redisUrl: redisUrl(), sweepMs: 60_000 });
    const setter = await start({ redisUrl: redisUrl(), onAlarm: () => new Promise(() => undefined), sweepMs: 60_000 });
    // The setter only sets; it is gone when the alarm is due.
    await set('a', 'x', 2_000, setter);
    await vi.waitFor(
      () => redis(async (client) => expect(await client.keys('bull:orgo-alarms-*:alarm-*')).toHaveLength(1)),
      soon,
    );
    running = running.filter((alarms) => alarms !== setter);
    await setter.stop();
    await allRang({ a: ['x'] });
    await vi.waitFor(
      () => redis(async (client) => expect(await client.keys('bull:orgo-alarms-*:alarm-*')).toHaveLength(0)),
      soon,
    );
    expect(sleeper).toBeDefined();
  });

  it('fires although Redis has forgotten everything', async () => {
    const alarms = await start({ redisUrl: redisUrl() });
    await set('a', 'x', 1_500, alarms);
    await redis((client) => client.flushall());
    await allRang({ a: ['x'] });
  });

  it('neither fails nor waits while Redis is away, and uses it when it is back', async () => {
    const told: string[] = [];
    const telling = createLog({ service: 'test', destination: { write: (line) => void told.push(line) } });
    const alarms = await start({ redisUrl: redisUrl(), log: telling });
    await servers.kill('redis');
    expect(await set('a', 'x', 100, alarms)).toEqual([{ outcome: 'accepted', code: null }]);
    await allRang({ a: ['x'] });
    const second = await start({ redisUrl: redisUrl() });
    await set('b', 'y', 100, second);
    await allRang({ a: ['x'], b: ['y'] });
    expect(told.some((line) => line.includes('"code":"REDIS_UNAVAILABLE"'))).toBe(true);
    await servers.restart('redis');
    let n = 0;
    await vi.waitFor(async () => {
      await set('c', `z${n++}`, 60_000, second);
      await redis(async (client) =>
        expect((await client.keys('bull:orgo-alarms-*:alarm-*')).length).toBeGreaterThan(0),
      );
    }, soon);
  });

  it('refuses a Redis that may evict keys', async () => {
    await redis((client) => client.config('SET', 'maxmemory-policy', 'allkeys-lru'));
    await expect(start({ redisUrl: redisUrl() })).rejects.toMatchObject({ code: 'SERVER_CONFIG_MISMATCH' });
    await redis((client) => client.config('SET', 'maxmemory-policy', 'noeviction'));
    await expect(start({ redisUrl: redisUrl() })).resolves.toBeDefined();
  });
});
