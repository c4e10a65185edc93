import { type Bus, connectBus } from '@orgo/runtime/bus';
import { createLog } from '@orgo/runtime/log';
import type { FaultPoint } from '@orgo/store/fault-points';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedDatabaseUrl } from '../kit/database.shared.ts';
import {
  aggregateSql,
  createStoreSchema,
  startTestServers,
  type TestSchema,
  type TestServers,
} from '../kit/database.ts';
import { type FaultPlan, faultLine, storePoints } from '../kit/faults.ts';
import { isQuiet, neighbours, outcomeOf, rounds } from '../kit/processes.ring.ts';
import { runProcess, type TestProcess } from '../kit/processes.ts';

const service = new URL('../kit/processes.counter.ts', import.meta.url);
const log = createLog({ service: 'test', level: 'silent' });
const work = rounds(8);

/** Each I/O breaks before it has an effect, and after it had one that its caller does not get to know. */
type Row = { io: string; effect: 'notPersisted' | 'persisted'; point: FaultPoint; doubles?: 'sender' | 'receiver' };
const table: Row[] = [
  { io: 'inbox', effect: 'notPersisted', point: 'inbox.inserted' },
  { io: 'commit', effect: 'notPersisted', point: 'tx.beforeCommit' },
  { io: 'commit', effect: 'persisted', point: 'tx.afterCommit', doubles: 'sender' },
  { io: 'ack', effect: 'notPersisted', point: 'ack.before', doubles: 'sender' },
  { io: 'publish', effect: 'notPersisted', point: 'relay.beforePublish' },
  { io: 'publish', effect: 'persisted', point: 'relay.afterPublish', doubles: 'receiver' },
  { io: 'mark', effect: 'notPersisted', point: 'relay.beforeMark', doubles: 'receiver' },
  { io: 'mark', effect: 'persisted', point: 'relay.afterMark' },
  { io: 'claim of an alarm', effect: 'persisted', point: 'alarm.claimed' },
  { io: 'firing of an alarm', effect: 'persisted', point: 'alarm.fired' },
  { io: 'deletion of an alarm', effect: 'persisted', point: 'alarm.deleted' },
];

let servers: TestServers;
let schema: TestSchema;
let bus: Bus;
let processes: TestProcess[] = [];

beforeAll(async () => {
  servers = await startTestServers('nats');
});
afterAll(() => servers.stop());
beforeEach(async () => {
  schema = await createStoreSchema(sharedDatabaseUrl(), aggregateSql('counter'));
  bus = await connectBus({ url: servers.urls.NATS_URL, name: 'test', log });
});
afterEach(async () => {
  await Promise.all(processes.map((one) => one.end('SIGKILL')));
  processes = [];
  await bus.close();
});

const run = (plan?: FaultPlan): TestProcess => {
  const process = runProcess(service, {
    DATABASE_URL: schema.url,
    NATS_URL: servers.urls.NATS_URL,
    REDIS_URL: '',
    ORGO_TEST_SCHEMA: schema.schema,
    ORGO_TEST_FAULT: plan === undefined ? '' : JSON.stringify(plan),
  });
  processes.push(process);
  return process;
};

/** The whole work with a service that breaks as planned and is started again. */
const play = async (plan?: FaultPlan) => {
  const db = schema.open();
  const ring = await neighbours(bus);
  const first = run(plan);
  await first.said('ready');
  const restarted = first.ended.then(async ({ signal }) => {
    if (signal === 'SIGKILL') await run().said('ready');
    return signal;
  });
  for (const round of work) await ring.send(round);
  if (plan !== undefined) await first.said(faultLine(plan));
  if (plan?.mode === 'kill') expect(await restarted).toBe('SIGKILL');
  await vi.waitFor(async () => expect(await isQuiet(db)).toBe(true), { timeout: 20_000, interval: 20 });
  const outcome = await outcomeOf(db, ring.said);
  await Promise.all(processes.map((one) => one.end()));
  await ring.stop();
  await db.close();
  return { outcome, outcomes: ring.outcomes, doubles: ring.doubles() };
};

let undisturbed: Promise<Awaited<ReturnType<typeof play>>> | undefined;

describe('a service that breaks and is started again', () => {
  beforeAll(() => {
    undisturbed = undefined;
  });

  it('does its work without being disturbed', async () => {
    undisturbed = play();
    const { outcome, outcomes, doubles } = await undisturbed;
    expect(doubles).toBe(0);
    expect(outcomes).toMatchObject({ duplicate: 0, later: 0, silence: 0 });
    expect(outcome.heard.a).toEqual([1, 3, 6, 10, 15, 21, -1, 29]);
    expect(outcome.heard['bell-3']).toEqual([1, 2]);
  });

  const cases = table.flatMap((row) => [
    // The first batch is the sender's; a later one may be of an alarm, which no sender repeats.
    { ...row, mode: 'kill' as const, pass: row.doubles === 'sender' ? 1 : 3 },
    { ...row, mode: 'throw' as const, pass: 2 },
  ]);
  it.each(cases)(
    '$io $effect ($point, $mode, pass $pass): same events, states and values',
    async ({ point, mode, pass, doubles }) => {
      const expected = await undisturbed;
      const found = await play({ point, mode, pass });
      expect(found.outcome).toEqual(expected?.outcome);
      if (doubles === 'receiver' && mode === 'kill') expect(found.doubles).toBeGreaterThan(0);
      if (doubles === 'sender' && mode === 'kill') expect(found.outcomes.duplicate).toBeGreaterThan(0);
    },
  );

  it('has a row for every fault point of the store', () => {
    expect(table.map((row) => row.point).sort()).toEqual([...storePoints].sort());
  });
});
