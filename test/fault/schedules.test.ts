import { describe, expect, it } from 'vitest';
import { runInProcesses } from './schedules.run.ts';

const count = Number(process.env.ORGO_FAULT_SCHEDULES ?? 1000);
const seed = Number(process.env.ORGO_FAULT_SEED ?? 1);

// Rerun one that diverged: `node test/fault/long.ts --seed <its seed> --schedules 1`.
describe(`${count} random schedules of faults from seed ${seed}`, () => {
  it('end as the undisturbed run does: state, outputs and log', { timeout: 900_000 }, async () => {
    const { all, problems } = await runInProcesses({
      first: seed,
      count,
      processes: 1,
      rings: 1,
      replicas: 2,
      atOnce: 48,
    });
    const diverged = all.filter((one) => one.problems.length > 0);
    expect(diverged.map((one) => ({ seed: one.schedule.seed, problems: one.problems }))).toEqual([]);
    expect(problems).toEqual([]);
    expect(new Set(all.map(({ schedule }) => schedule.seed)).size).toBe(count);
    // A schedule whose faults come too late for its build says so; most are reached.
    const [fired, missed] = [all.flatMap((one) => one.fired), all.flatMap((one) => one.notReached)];
    expect(fired.length + missed.length).toBe(
      all.reduce((n, { schedule: s }) => n + s.points.length + s.roads.length + (s.blow === null ? 0 : 1), 0),
    );
    expect(fired.length).toBeGreaterThan(missed.length * 4);
    const ends = new Set(all.map(({ phase }) => phase));
    if (count >= 200) expect(ends).toEqual(new Set(['COMPLETED', 'FAILED', 'CANCELLED']));
  });
});
