// A small service in a process of its own: takes counter messages as requests, says values, fires alarms, breaks as planned.
import { type Envelope, maxMessageBytes } from '@orgo/contracts';
import { connectBus } from '@orgo/runtime/bus';
import { ackOf } from '@orgo/runtime/envelope';
import { createLog, type LogLevel } from '@orgo/runtime/log';
import { startAlarms } from '@orgo/store/alarms';
import { openDb } from '@orgo/store/db';
import { createLane } from '@orgo/store/lane';
import { startRelay } from '@orgo/store/relay';
import { type Incoming, transact } from '@orgo/store/transact';
import { add, type CounterInput, counter, encodeCounts } from './database.counter.ts';
import { plannedFault, planOfEnv } from './faults.ts';

/** Subject on which the service takes messages. */
export const counterSubject = 'orgo.v1.t.gate.claim';
/** An item for it. */
export type CounterItem = { message_id: string; id: string; add: number; alarm_in_ms?: number };

const toIncoming = ({ message_id, id, add: by, alarm_in_ms }: CounterItem): Incoming<CounterInput> =>
  add('t', id, message_id, by, {
    ...(alarm_in_ms !== undefined && { alarm: { id: 'bell', due_in_ms: alarm_in_ms, kind: 'BELL', data: null } }),
  });

async function main(): Promise<void> {
  const { DATABASE_URL = '', NATS_URL = '', REDIS_URL = '', ORGO_TEST_SCHEMA = '', ORGO_TEST_LOG } = process.env;
  const log = createLog({ service: 'counter', level: (ORGO_TEST_LOG ?? 'silent') as LogLevel });
  const faults = plannedFault(planOfEnv());
  const db = openDb({ url: DATABASE_URL, schema: ORGO_TEST_SCHEMA });
  const bus = await connectBus({ url: NATS_URL, name: 'counter', log });
  const relay = startRelay({ db, bus, log, faults, pollMs: 100, maxPauseMs: 100, requestTimeoutMs: 2_000, markMs: 1 });
  const lane = createLane((items: Incoming<CounterInput>[]) => transact(db, counter, items, options), { max: 64 });
  const alarms = await startAlarms({
    db,
    log,
    faults,
    redisUrl: REDIS_URL || null,
    sweepMs: 100,
    claimMs: 500,
    onAlarm: (rows) => lane.push(rows.map((row) => add('t', row.id, row.message_id, 1, { rang: row.alarm_id }))),
  });
  const options = { encode: encodeCounts, nudge: relay.nudge, alarms, faults };
  const serving = await bus.serve(counterSubject, 'counter', async (bytes) => {
    if (bytes.length > maxMessageBytes) throw new RangeError('too large');
    const { items } = JSON.parse(new TextDecoder().decode(bytes)) as Envelope<CounterItem>;
    return ackOf(await lane.push(items.map(toIncoming)));
  });
  process.stdout.write('ready\n');
  process.once('SIGTERM', () => {
    void (async () => {
      await serving.stop();
      await lane.idle();
      await alarms.stop();
      await relay.stop();
      await bus.close();
      await db.close();
    })();
  });
}

if (import.meta.main) await main();
