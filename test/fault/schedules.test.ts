import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultRing, startFaultRing } from '../kit/fault-ring.ts';
import { runSchedules } from './schedules.ts';

const count = Number(process.env.ORGO_FAULT_SCHEDULES ?? 300);
const seed = Number(process.env.ORGO_FAULT_SEED ?? 1);

// Rerun one that diverged: `node test/fault/long.ts --seed <its seed> --schedules 1`.
describe(`${count} random schedules of faults from seed ${seed}`, () => {
  let rings: FaultRing[];

  beforeAll(async () => {
    rings = await Promise.all(Array.from({ length: 3 }, () => startFaultRing({ replicas: 2 })));
  });
  afterAll(async () => {
    await Promise.all(rings?.map((ring) => ring.stop()) ?? []);
  });

  it('end as the undisturbed run does: state, outputs and log', { timeout: 900_000 }, async () => {
    const all = await runSchedules(rings, { first: seed, count, atOnce: 32 });
    expect(all).toHaveLength(count);
    const diverged = all.filter(({ problems }) => problems.length > 0);
    expect(diverged.map(({ schedule, problems }) => ({ seed: schedule.seed, problems }))).toEqual([]);
    expect(rings.flatMap(({ problems }) => problems)).toEqual([]);
    // A schedule whose faults come too late for its build says so; most are reached.
    const [fired, missed] = [all.flatMap((one) => one.fired), all.flatMap((one) => one.notReached)];
    expect(fired.length + missed.length).toBe(
      all.reduce((n, { schedule: s }) => n + s.points.length + s.roads.length + (s.blow === null ? 0 : 1), 0),
    );
    expect(fired.length).toBeGreaterThan(missed.length * 4);
  });
});
