import { type Bus, connectBus } from '@orgo/runtime/bus';
import { createLog } from '@orgo/runtime/log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  aggregateSql,
  createStoreSchema,
  startTestServers,
  type TestSchema,
  type TestServers,
} from '../kit/database.ts';
import { type FaultPlan, faultLine } from '../kit/faults.ts';
import { isQuiet, neighbours, outcomeOf, rounds } from '../kit/processes.ring.ts';
import { runProcess, type TestProcess } from '../kit/processes.ts';

const service = new URL('../kit/processes.counter.ts', import.meta.url);
const log = createLog({ service: 'test', level: 'silent' });
const work = rounds(40);

let servers: TestServers;
let schema: TestSchema;
let bus: Bus;
let processes: TestProcess[] = [];

beforeEach(async () => {
  servers = await startTestServers('postgres', 'nats', 'redis');
  schema = await createStoreSchema(servers.urls.DATABASE_URL, aggregateSql('counter'));
  bus = await connectBus({ url: servers.urls.NATS_URL, name: 'test', log });
});
afterEach(async () => {
  await Promise.all(processes.map((one) => one.end('SIGKILL')));
  processes = [];
  await bus.close();
  await servers.stop();
});

const run = async (plan?: FaultPlan): Promise<TestProcess> => {
  const process = runProcess(service, {
    ...servers.urls,
    ORGO_TEST_SCHEMA: schema.schema,
    ORGO_TEST_FAULT: plan === undefined ? '' : JSON.stringify(plan),
  });
  processes.push(process);
  await process.said('ready');
  return process;
};

/** What the work comes to, computed from its definition and from no run. */
const expected = () => {
  const heard: Record<string, number[]> = {};
  const counts: Record<string, number> = {};
  for (const { id, add } of work.flat()) {
    if (add > 0) counts[id] = (counts[id] ?? 0) + add;
    heard[id] = [...(heard[id] ?? []), add > 0 ? (counts[id] as number) : -1];
    if (id.startsWith('bell')) heard[id].push(2);
  }
  return Object.fromEntries(Object.entries(heard).sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** Sends everything; `disturb` is called before the round it names. */
const play = async (disturb: Record<number, () => Promise<unknown>>) => {
  const ring = await neighbours(bus);
  for (const [index, round] of work.entries()) {
    await disturb[index]?.();
    await ring.send(round);
  }
  const db = schema.open();
  await vi.waitFor(async () => expect(await isQuiet(db)).toBe(true), { timeout: 30_000, interval: 20 });
  const { heard, events } = await outcomeOf(db, ring.said);
  await ring.stop();
  await db.close();
  return { heard, events, outcomes: ring.outcomes };
};

const check = ({ heard, events }: Awaited<ReturnType<typeof play>>): void => {
  expect(heard).toEqual(expected());
  for (const row of events as { id: string; events: [number, string, string | null, string | null][] }[]) {
    // No gap and no double: as many events as the work has for the aggregate, numbered from 1.
    const count = work.flat().filter((item) => item.id === row.id).length + (row.id.startsWith('bell') ? 2 : 0);
    expect(row.events.map(([seq]) => seq)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  }
};

describe('a service whose servers break', () => {
  it('loses and doubles nothing when PostgreSQL is killed twice and comes back', async () => {
    await run();
    const restart = async () => {
      await servers.kill('postgres');
      // Down for a while: the sender is told `later`, the relay and the sweep find nothing.
      setTimeout(() => void servers.restart('postgres'), 300);
    };
    const found = await play({ 12: restart, 25: restart });
    check(found);
    expect((found.outcomes.later ?? 0) + (found.outcomes.silence ?? 0)).toBeGreaterThan(0);
  });

  it('loses and doubles nothing when NATS is killed and comes back without its store', async () => {
    await run();
    const found = await play({
      12: async () => {
        await servers.kill('nats');
        setTimeout(() => void servers.restart('nats', { wipe: true }), 300);
      },
    });
    check(found);
    expect(found.outcomes.silence).toBeGreaterThan(0);
  });

  it('loses and doubles nothing when Redis is killed and comes back empty', async () => {
    await run();
    const found = await play({
      10: () => servers.kill('redis'),
      25: () => servers.restart('redis', { wipe: true }),
    });
    check(found);
    expect(found.outcomes).toMatchObject({ later: 0, silence: 0 });
  });

  it('loses and doubles nothing with two processes at once, of which one dies again and again', async () => {
    const plans: FaultPlan[] = [
      { point: 'relay.afterPublish', mode: 'kill', pass: 3 },
      { point: 'tx.afterCommit', mode: 'kill', pass: 2 },
      { point: 'relay.beforeMark', mode: 'kill', pass: 2 },
      { point: 'inbox.inserted', mode: 'kill', pass: 2 },
    ];
    let stopped = false;
    const fired: string[] = [];
    // One process always runs unplanned from the moment the other one has died, so each takes over from the other.
    let steady = await run();
    const chaos = (async () => {
      for (const plan of plans) {
        const doomed = await run(plan);
        await steady.end('SIGKILL');
        const { signal } = await doomed.ended;
        if (signal === 'SIGKILL' && doomed.lines.includes(faultLine(plan))) fired.push(plan.point);
        if (stopped) return;
        steady = await run();
      }
    })();
    const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
    const found = await play(Object.fromEntries(work.map((_, index) => [index, pause])));
    stopped = true;
    await chaos;
    check(found);
    expect(fired).toEqual(plans.map((plan) => plan.point));
  });
});
