import type { BenchResult, Figures } from './result.ts';

const cell = (n: number | null | undefined): string =>
  n === null || n === undefined ? '–' : n >= 100 ? n.toFixed(0) : n >= 1 ? n.toFixed(2) : n.toFixed(3);

/** Rows of the measured systems: name, in flight, builds/s, p50, p99, CPU, load generator's CPU. */
export const systemRows = (result: BenchResult): string[][] =>
  [['Orgo', result.ours] as const, ...Object.entries(result.peers)].flatMap(([name, { levels }]) =>
    levels.map((level: Figures) => [
      name,
      String(level.in_flight),
      cell(level.builds_per_s),
      cell(level.p50_ms),
      cell(level.p99_ms),
      cell(level.cpu_ms_per_build),
      cell(level.generator_cpu_ms_per_build),
      level.contended ? 'yes' : 'no',
    ]),
  );
export const systemHead = [
  'system',
  'in flight',
  'builds/s',
  'p50 ms',
  'p99 ms',
  'CPU ms/build',
  'load generator',
  'contended',
];

const within = (ratio: number | null, ci: [number, number] | null): string =>
  ratio === null ? '–' : `${cell(ratio)} (${ci === null ? '' : `${cell(ci[0])} to ${cell(ci[1])}`})`;

export const ratioHead = ['against', 'builds/s', 'CPU per build', 'idle p50'];
export const ratioRows = (result: BenchResult): string[][] =>
  Object.entries(result.ratios).map(([name, r]) => [
    name,
    within(r.builds_per_s, r.builds_per_s_ci),
    within(r.cpu_per_build, r.cpu_per_build_ci),
    within(r.idle_p50, r.idle_p50_ci),
  ]);

/** What Orgo's own servers count for each build, by level. */
export const counterHead = ['in flight', 'WAL fsyncs', 'WAL bytes', 'commits', 'bytes written'];
export const counterRows = (result: BenchResult): string[][] =>
  result.ours.levels.map(({ in_flight, counters_per_build: c, written_bytes_per_build }) => [
    String(in_flight),
    cell(c.wal_fsyncs),
    cell(c.wal_bytes),
    cell(c.commits),
    cell(written_bytes_per_build),
  ]);

/** A table in Markdown, which a terminal shows well enough. */
export function markdown(head: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The sentence about the machine that stands over every table. */
export const machineLine = ({ machine: m }: BenchResult): string =>
  `${m.cpus} × ${m.model}, ${m.memory_gib} GiB, Linux ${m.kernel}, Node ${m.node}, ${m.date.slice(0, 10)}; load average ${m.load_before} before and ${m.load_after} after${m.contended ? '; others used the machine, so times are pessimistic' : ''}`;

export function floorLine({ ours: { floor, messages_per_build } }: BenchResult): string {
  if (floor === null) return '';
  return `Idle floor: ${floor.commits} commits × ${floor.commit_ms.join(' / ')} ms + ${floor.hops} hops × half of ${floor.nats_rtt_ms.join(' / ')} ms = ${floor.idle_ms} ms (before / after; fdatasync of 4 KiB ${floor.fdatasync_ms.join(' / ')} ms); idle p50 is ${cell(floor.idle_p50_in_floors)} of it. ${cell(messages_per_build)} messages a build under load.`;
}

export function printTable(result: BenchResult): void {
  console.log(machineLine(result));
  console.log(`\n${markdown(systemHead, systemRows(result))}`);
  console.log(`\n${markdown(counterHead, counterRows(result))}`);
  console.log(`\n${floorLine(result)}`);
  if (Object.keys(result.ratios).length > 0) {
    console.log('\nRatios: above 1 Orgo is better; 95 % interval of the median of pairs\n');
    console.log(markdown(ratioHead, ratioRows(result)));
  }
}
