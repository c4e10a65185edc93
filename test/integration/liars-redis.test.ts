import { createLog } from '@orgo/runtime/log';
import { startAlarms } from '@orgo/store/alarms';
import { startWaker } from '@orgo/store/alarms.bullmq';
import { transact } from '@orgo/store/transact';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { add, counter, encodeCounts } from '../kit/database.counter.ts';
import { sharedDatabaseUrl } from '../kit/database.shared.ts';
import { aggregateSql, createStoreSchema, startTestServers, type TestServers } from '../kit/database.ts';

const log = createLog({ service: 'test', level: 'silent' });
let servers: TestServers;
beforeAll(async () => {
  servers = await startTestServers('redis');
});
afterAll(() => servers.stop());

// Whoever reaches Redis can put jobs into the queue; a job says when to look and not at what.
test('a job that was forged into Redis fires nothing: only rows that are due do', async () => {
  const db = (await createStoreSchema(sharedDatabaseUrl(), aggregateSql('counter'))).open();
  const { REDIS_URL: redisUrl } = servers.urls;
  const rang: string[] = [];
  const both = Promise.withResolvers<void>();
  const alarms = await startAlarms({
    db,
    log,
    redisUrl,
    instance: 'liars',
    sweepMs: 60_000,
    onAlarm: async (rows) => {
      rang.push(...rows.map(({ alarm_id }) => alarm_id));
      if (rang.includes('soon')) both.resolve();
      return rows.map(() => ({ outcome: 'accepted', code: null }));
    },
  });
  const set = (alarm: string, due_in_ms: number) =>
    transact(db, counter, [add('t', 'a', alarm, 1, { alarm: { id: alarm, due_in_ms, kind: 'K', data: {} } })], {
      encode: encodeCounts,
      nudge: () => undefined,
      alarms: { armed: (due: readonly number[]) => alarms.armed(due) },
    });
  await set('later', 600_000);

  const redis = new Redis(redisUrl);
  const forged = await startWaker({ redisUrl, queue: `orgo-alarms-liars-${db.schema}`, onWake: () => undefined, log });
  for (let i = 0; i < 20; i++) forged.at(i);
  await expect
    .poll(async () => (await redis.keys('bull:orgo-alarms-liars-*')).length, { timeout: 10_000 })
    .toBeGreaterThan(0);
  await forged.close();
  await set('soon', 300);
  await both.promise;
  expect(rang).toEqual(['soon']);
  redis.disconnect();
  await alarms.stop();
  await db.close();
});
