import { type Contention, contentionOf } from './contention.ts';
import { cpuSecondsOf, machineTime, writtenBytesOf } from './cpu.ts';
import { ascending, quantile } from './statistics.ts';
import type { Counters, Running } from './system.ts';

/** What one slice gave. Times in milliseconds; CPU is user and system time of every process of the system, its servers included. */
export type Slice = {
  in_flight: number;
  seconds: number;
  builds: number;
  builds_per_s: number;
  p50_ms: number;
  p99_ms: number;
  cpu_ms_per_build: number;
  /** The load generator's own, not part of `cpu_ms_per_build`. */
  generator_cpu_ms_per_build: number;
  written_bytes_per_build: number;
  counters_per_build: Counters;
  contention: Contention;
};

/**
 * Closed loop: `inFlight` builds at a time for `seconds`, the last ones waited for. Builds that end after the time is up count, and so does their time.
 * `partner` is the other system of the pair, which idles.
 */
export async function runSlice(
  system: Running,
  options: { inFlight: number; seconds: number; partner: Running | null },
): Promise<Slice> {
  const { inFlight, seconds, partner } = options;
  const partnerRoots = partner?.roots() ?? [];
  const latencies: number[] = [];
  const before = await look(system, partnerRoots);
  const from = performance.now();
  const end = from + seconds * 1000;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) latencies.push(await system.build());
    }),
  );
  const took = (performance.now() - from) / 1000;
  const after = await look(system, partnerRoots);

  const builds = latencies.length;
  const sorted = ascending(latencies);
  const delta = (name: 'system' | 'generator' | 'partner' | 'written') => after[name] - before[name];
  return {
    in_flight: inFlight,
    seconds: took,
    builds,
    builds_per_s: builds / took,
    p50_ms: quantile(sorted, 0.5),
    p99_ms: quantile(sorted, 0.99),
    cpu_ms_per_build: (delta('system') * 1000) / builds,
    generator_cpu_ms_per_build: (delta('generator') * 1000) / builds,
    written_bytes_per_build: delta('written') / builds,
    counters_per_build: Object.fromEntries(
      Object.entries(after.counters).map(([name, value]) => [
        name,
        (value - (before.counters[name as keyof Counters] ?? 0)) / builds,
      ]),
    ),
    contention: contentionOf({
      total: after.machine.total - before.machine.total,
      busy: after.machine.busy - before.machine.busy,
      steal: after.machine.steal - before.machine.steal,
      system: delta('system'),
      generator: delta('generator'),
      partner: delta('partner'),
    }),
  };
}

async function look(system: Running, partner: number[]) {
  const counters = await system.counters();
  const roots = system.roots();
  const own = process.cpuUsage();
  return {
    counters,
    machine: machineTime(),
    system: cpuSecondsOf(roots),
    partner: cpuSecondsOf(partner),
    generator: (own.user + own.system) / 1e6,
    written: writtenBytesOf(roots),
  };
}
