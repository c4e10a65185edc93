import { z } from 'zod';
import type { PairedLevel } from './pairing.ts';
import type { Slice } from './slice.ts';
import { median, type Pair, pairedRatio } from './statistics.ts';

const figures = z.object({
  in_flight: z.number(),
  slices: z.int(),
  builds: z.int(),
  builds_per_s: z.number(),
  p50_ms: z.number(),
  p99_ms: z.number(),
  cpu_ms_per_build: z.number(),
  generator_cpu_ms_per_build: z.number(),
  written_bytes_per_build: z.number(),
  counters_per_build: z.record(z.string(), z.number()),
  contended: z.boolean().meta({ description: 'Some of it was measured while others used the machine' }),
});
export type Figures = z.infer<typeof figures>;

const side = z.object({ settings: z.record(z.string(), z.union([z.string(), z.number()])), levels: z.array(figures) });

const interval = z.tuple([z.number(), z.number()]).nullable();
const ratios = z.object({
  builds_per_s: z.number().nullable(),
  builds_per_s_ci: interval,
  cpu_per_build: z.number().nullable(),
  cpu_per_build_ci: interval,
  idle_p50: z.number().nullable(),
  idle_p50_ci: interval,
  in_flight: z.number().nullable().meta({ description: 'The level of builds_per_s and cpu_per_build' }),
  levels: z.record(
    z.string(),
    z.object({
      builds_per_s: z.number().nullable(),
      builds_per_s_ci: interval,
      cpu_per_build: z.number().nullable(),
      cpu_per_build_ci: interval,
      pairs: z.int(),
      discarded: z.int(),
      contended: z.boolean(),
    }),
  ),
});
export type Ratios = z.infer<typeof ratios>;

/** What `npm run bench -- --json` prints. Every ratio is above 1 where Orgo is better; members may be added. */
export const benchResultSchema = z.object({
  machine: z.object({
    date: z.string(),
    cpus: z.int(),
    model: z.string(),
    memory_gib: z.number(),
    kernel: z.string(),
    node: z.string(),
    load_before: z.number(),
    load_after: z.number(),
    contended: z.boolean(),
  }),
  command: z.string(),
  ours: side.extend({
    messages_per_build: z.number().nullable(),
    floor: z
      .object({
        fdatasync_ms: z.tuple([z.number(), z.number()]),
        commit_ms: z.tuple([z.number(), z.number()]),
        nats_rtt_ms: z.tuple([z.number(), z.number()]),
        commits: z.number(),
        hops: z.number(),
        idle_ms: z.number(),
        idle_p50_in_floors: z.number().nullable(),
      })
      .nullable(),
  }),
  peers: z.record(z.string(), side),
  ratios: z.record(z.string(), ratios),
});
export type BenchResult = z.infer<typeof benchResultSchema>;

export const rounded = (n: number): number => (Number.isFinite(n) ? Number(n.toPrecision(4)) : 0);

/** Medians over the slices of one level. Null of none. */
export function figuresOf(slices: readonly Slice[]): Figures | null {
  const first = slices[0];
  if (first === undefined) return null;
  const middle = (of: (slice: Slice) => number): number => rounded(median(slices.map(of)));
  const names = Object.keys(first.counters_per_build) as (keyof Slice['counters_per_build'])[];
  return {
    in_flight: first.in_flight,
    slices: slices.length,
    builds: slices.reduce((sum, { builds }) => sum + builds, 0),
    builds_per_s: middle((slice) => slice.builds_per_s),
    p50_ms: middle((slice) => slice.p50_ms),
    p99_ms: middle((slice) => slice.p99_ms),
    cpu_ms_per_build: middle((slice) => slice.cpu_ms_per_build),
    generator_cpu_ms_per_build: middle((slice) => slice.generator_cpu_ms_per_build),
    written_bytes_per_build: middle((slice) => slice.written_bytes_per_build),
    counters_per_build: Object.fromEntries(
      names.map((name) => [name, middle((slice) => slice.counters_per_build[name] ?? 0)]),
    ),
    contended: slices.some(({ contention }) => contention.contended),
  };
}

/**
 * The ratios of one peer, pair by pair. The headline level is 64 in flight, or the highest measured one below it; idle is 1 in flight. What was not
 * measured is null.
 */
export function ratiosOf(levels: readonly PairedLevel[]): Ratios {
  const of = (level: PairedLevel | undefined, figure: 'builds_per_s' | 'cpu_ms_per_build' | 'p50_ms') => {
    const pairs: Pair[] = (level?.pairs ?? []).map(({ ours, peer }) => ({ ours: ours[figure], peer: peer[figure] }));
    const found = pairedRatio(pairs, figure === 'builds_per_s' ? 'more' : 'less');
    const [low, high] = found?.ci ?? [0, 0];
    return {
      ratio: found === null ? null : rounded(found.ratio),
      ci: found === null ? null : ([rounded(low), rounded(high)] as [number, number]),
    };
  };
  const loaded = levels.filter(({ in_flight }) => in_flight > 1 && in_flight <= 64).at(-1);
  const idle = of(
    levels.find(({ in_flight }) => in_flight === 1),
    'p50_ms',
  );
  const both = (level: PairedLevel | undefined) => {
    const [rate, cpu] = [of(level, 'builds_per_s'), of(level, 'cpu_ms_per_build')];
    return { builds_per_s: rate.ratio, builds_per_s_ci: rate.ci, cpu_per_build: cpu.ratio, cpu_per_build_ci: cpu.ci };
  };
  return {
    ...both(loaded),
    idle_p50: idle.ratio,
    idle_p50_ci: idle.ci,
    in_flight: loaded?.in_flight ?? null,
    levels: Object.fromEntries(
      levels.map((level) => [
        String(level.in_flight),
        { ...both(level), pairs: level.pairs.length, discarded: level.discarded, contended: level.contended },
      ]),
    ),
  };
}

/**
 * Where a peer was measured in two tunings, its own name takes the ratios of the one that Orgo beats by less, and each tuning keeps its own
 * (`<peer>_default`, `<peer>_tuned`).
 */
export function againstBest(all: Record<string, Ratios>): Record<string, Ratios> {
  const found: Record<string, Ratios> = { ...all };
  for (const [name, tuned] of Object.entries(all)) {
    const peer = /^(.+)_tuned$/.exec(name)?.[1];
    const plain = peer === undefined ? undefined : all[peer];
    if (peer === undefined || plain === undefined) continue;
    found[`${peer}_default`] = plain;
    const least = (tuned.builds_per_s ?? Number.POSITIVE_INFINITY) < (plain.builds_per_s ?? Number.POSITIVE_INFINITY);
    found[peer] = least ? tuned : plain;
  }
  return found;
}
