import { parseArgs } from 'node:util';
import setup from '@orgo/infra/test-setup';
import { processesHere, type Run, runInProcesses } from './schedules.run.ts';
import type { Ended } from './schedules.ts';

// The long lane: many random schedules of faults against the whole ring. One schedule is run again by its own seed: `--seed <its seed> --schedules 1`.
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '10000' },
    'at-once': { type: 'string', default: '32' },
    processes: { type: 'string', default: `${processesHere()}` },
    rings: { type: 'string', default: '1' },
    replicas: { type: 'string', default: '2' },
    'per-ring': { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '600' },
  },
});
const first = Number(values.seed);
const count = Number(values.schedules);
const from = Date.now();
const teardown = await setup();
const reached = new Map<string, number>();
const missed = new Map<string, number>();
const ends = new Map<string, number>();
const more = (of: Map<string, number>, names: readonly string[]): void => {
  for (const name of names) of.set(name, (of.get(name) ?? 0) + 1);
};
const diverged: Ended[] = [];
let ended = 0;
let slowest = 0;
const run: Pick<Run, 'crashes' | 'problems'> = { crashes: 0, problems: [] };
const until = from + Number(values.minutes) * 60_000;
/** Tables and logs grow, and whoever is started again looks at every tenant's: fresh rings keep a long lane as fast as it began. */
const each = Number(values['per-ring']) * Number(values.processes) * Number(values.rings);
const part = (at: number): Promise<Run> =>
  runInProcesses({
    first: first + at,
    count: Math.min(each, count - at),
    processes: Number(values.processes),
    rings: Number(values.rings),
    replicas: Number(values.replicas),
    atOnce: Number(values['at-once']),
    until,
    said(one) {
      ended++;
      slowest = Math.max(slowest, one.ms);
      more(reached, one.fired);
      more(missed, one.notReached);
      more(ends, [`${one.schedule.course.way} ${one.phase}`]);
      if (one.problems.length > 0) {
        diverged.push(one);
        process.stderr.write(`${JSON.stringify(one)}\n`);
      }
      if (ended % 100 === 0)
        process.stderr.write(`${ended} schedules, ${diverged.length} diverged, ${Date.now() - from} ms\n`);
    },
  });
try {
  for (let at = 0; at < count && Date.now() < until; at += each) {
    const { crashes, problems } = await part(at);
    run.crashes += crashes;
    run.problems.push(...problems);
  }
} finally {
  await teardown?.();
}
const sum = (of: Map<string, number>): number => [...of.values()].reduce((a, b) => a + b, 0);
process.stdout.write(
  `${JSON.stringify(
    {
      seed: first,
      schedules: ended,
      asked: count,
      diverged: diverged.map(({ schedule, problems }) => ({ seed: schedule.seed, problems })),
      ends: Object.fromEntries([...ends].sort()),
      faults_fired: sum(reached),
      faults_not_reached: sum(missed),
      places_fired: reached.size,
      crashes: run.crashes,
      process_problems: run.problems,
      slowest_ms: Math.round(slowest),
      seconds: Math.round((Date.now() - from) / 1000),
    },
    null,
    2,
  )}\n`,
);
process.exitCode = diverged.length === 0 && run.problems.length === 0 ? 0 : 1;
