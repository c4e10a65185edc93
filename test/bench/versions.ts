// This checkout against another one of Orgo, in pairs: both run, slices alternate (A B, B A), and a ratio is this checkout's figure through the other's, the
// median pair by pair with its 95 % interval. Times suffer from whoever else uses the machine; CPU, WAL and commits hardly do. One JSON object on stdout.
// node test/bench/versions.ts <other checkout> [in flight, default 64] [seconds] [pairs]
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { machineNow } from './machine.ts';
import { runSlice, type Slice } from './slice.ts';
import { median, medianInterval } from './statistics.ts';
import type { Running, System } from './system.ts';
import { orgoSystem } from './system-orgo.ts';

const [other, inFlight = '64', seconds = '5', count = '6'] = process.argv.slice(2);
if (other === undefined)
  throw new TypeError('node test/bench/versions.ts <other checkout> [in flight] [seconds] [pairs]');

const figures: Record<string, (slice: Slice) => number> = {
  builds_per_s: (slice) => slice.builds_per_s,
  p50_ms: (slice) => slice.p50_ms,
  cpu_ms_per_build: (slice) => slice.cpu_ms_per_build,
  wal_bytes_per_build: (slice) => slice.counters_per_build.wal_bytes ?? Number.NaN,
  wal_fsyncs_per_build: (slice) => slice.counters_per_build.wal_fsyncs ?? Number.NaN,
  commits_per_build: (slice) => slice.counters_per_build.commits ?? Number.NaN,
};

const { orgoSystem: otherSystem } = (await import(
  pathToFileURL(path.resolve(other, 'test/bench/system-orgo.ts')).href
)) as { orgoSystem: () => System };

type Side = { run: Running; slices: Slice[]; built: number };
const open = async (system: Pick<System, 'start'>): Promise<Side> => ({
  run: await system.start(),
  slices: [],
  built: 0,
});
const sides = [await open(orgoSystem()), await open(otherSystem())] as [Side, Side];
const slice = async (side: Side, partner: Side, level: number): Promise<Slice> => {
  const done = await runSlice(side.run, { inFlight: level, seconds: Number(seconds), partner: partner.run });
  side.built += done.builds;
  return done;
};

try {
  const [ours, theirs] = sides;
  // Code is compiled and caches fill before anything counts.
  for (const side of sides) await slice(side, side === ours ? theirs : ours, 64);
  for (let n = 0; n < Number(count); n++)
    for (const side of n % 2 === 0 ? [ours, theirs] : [theirs, ours])
      side.slices.push(await slice(side, side === ours ? theirs : ours, Number(inFlight)));
  for (const { run, built } of sides) await run.verify(built);
  const rounded = (value: number): number => Number(value.toPrecision(4));
  const found = Object.entries(figures).map(([name, of]) => {
    const pairs = ours.slices.map((one, at) => of(one) / of(theirs.slices[at] as Slice));
    return [
      name,
      {
        this: rounded(median(ours.slices.map(of))),
        other: rounded(median(theirs.slices.map(of))),
        ratio: rounded(median(pairs)),
        ci: medianInterval(pairs).map(rounded),
      },
    ];
  });
  const others = rounded(median(sides.flatMap(({ slices }) => slices.map(({ contention }) => contention.other))));
  process.stdout.write(
    `${JSON.stringify({ machine: machineNow(), in_flight: Number(inFlight), pairs: Number(count), others, ...Object.fromEntries(found) }, null, 2)}\n`,
  );
} finally {
  for (const { run } of sides) await run.stop();
}
