import { startFaultRing } from '../kit/fault-ring.ts';
import { type Ended, runSchedules } from './schedules.ts';

/** What one process does of a run: the seeds `first`, `first + step`, …, `count` of them, `atOnce` at a time in each of its rings. */
export type Share = {
  first: number;
  step: number;
  count: number;
  atOnce: number;
  rings: number;
  replicas: number;
  until: number | null;
};
export type Said = { ended: Ended } | { crashes: number; problems: string[] };

// A share of a run in a process of its own, since one process keeps one processor busy at most. Started by `runInProcesses`.
const orphaned = (): never => process.exit(1);
process.once('disconnect', orphaned);
const { rings: count, replicas, until, ...share } = JSON.parse(process.argv[2] ?? '') as Share;
const say = (said: Said): Promise<void> => new Promise((resolve) => process.send?.(said, () => resolve()));
const rings = await Promise.all(Array.from({ length: count }, () => startFaultRing({ replicas })));
try {
  await runSchedules(rings, { ...share, ...(until !== null && { until }), said: (ended) => void say({ ended }) });
} finally {
  await Promise.all(rings.map((ring) => ring.stop()));
}
const idle = rings.flatMap((ring) =>
  Object.entries(ring.workers())
    .filter(([, workers]) => workers < replicas)
    .map(([part, workers]) => `${workers} of ${replicas} of ${part} have worked`),
);
await say({
  crashes: rings.reduce((n, ring) => n + ring.crashes(), 0),
  problems: [...rings.flatMap((ring) => ring.problems.map(String)), ...idle],
});
// All has been said. A connection that Redis's client still tries to make again is no reason to stay.
process.exit();
