import { benchResultSchema } from './result.ts';
import {
  counterHead,
  counterRows,
  floorLine,
  machineLine,
  markdown,
  ratioHead,
  ratioRows,
  systemHead,
  systemRows,
} from './table.ts';

/** The parts of the page that are written by measurements. */
export type SectionName = 'peers' | 'growth' | 'log' | 'start' | 'fleet';

type Machine = {
  date: string;
  cpus: number;
  model: string;
  memory_gib: number;
  kernel: string;
  node: string;
  load: number;
};
type Row = Record<string, string | number | boolean>;

const line = (m: Machine): string =>
  `${m.cpus} × ${m.model}, ${m.memory_gib} GiB, Linux ${m.kernel}, Node ${m.node}, ${m.date.slice(0, 10)}; load average ${m.load}${m.load > m.cpus * 1.5 ? ', so others used the machine and times are pessimistic' : ''}.`;
const said = (value: Row[string] | undefined): string =>
  typeof value === 'boolean'
    ? value
      ? 'yes'
      : 'no'
    : typeof value === 'number'
      ? value.toLocaleString('en')
      : `${value}`;
const table = (rows: readonly Row[]): string => {
  const head = Object.keys(rows[0] ?? {});
  return markdown(
    head.map((name) => name.replaceAll('_', ' ')),
    rows.map((row) => head.map((name) => said(row[name]))),
  );
};

/** Name and text of the section that a bench's JSON fills. @throws RangeError for what no bench prints */
export function sectionOf(printed: unknown): [SectionName, string] {
  const full = benchResultSchema.safeParse(printed);
  if (full.success) {
    const result = full.data;
    return [
      'peers',
      [
        `\`${result.command}\`, ${machineLine(result)}.`,
        markdown(systemHead, systemRows(result)),
        'Ratios (above 1 Orgo is better; median of pairs and its 95 % interval; a peer measured in two tunings counts in the one that Orgo beats by less):',
        markdown(ratioHead, ratioRows(result)),
        'Orgo’s own counts for each build:',
        markdown(counterHead, counterRows(result)),
        floorLine(result),
      ].join('\n\n'),
    ];
  }
  const found = printed as {
    machine: Machine;
    command: string;
    at?: Row[];
    in_flight?: number;
    first?: Row;
    warm?: Row;
    processes?: Row;
  };
  const at = found.at ?? [];
  const made = `\`${found.command}\`, `;
  if (found.first !== undefined) {
    const rows = (['first', 'warm', 'processes'] as const).map((start) => ({ start, ...found[start] }) as Row);
    return ['start', `${made}${line(found.machine)}\n\n${table(rows)}`];
  }
  if (at.some((row) => 'sealed_per_s' in row)) {
    const rows = at.map(({ size, sealed_per_s, proof }) => {
      const { p50_ms, p99_ms } = proof as unknown as { p50_ms: number; p99_ms: number };
      return { entries: size, sealed_per_s, proof_p50_ms: p50_ms, proof_p99_ms: p99_ms } as Row;
    });
    return ['log', `${made}${line(found.machine)}\n\n${table(rows)}`];
  }
  if (at.some((row) => 'database_gb' in row))
    return ['growth', `${made}${found.in_flight} in flight, ${line(found.machine)}\n\n${table(at)}`];
  if (at.some((row) => 'rollout_s' in row)) return ['fleet', `${made}${line(found.machine)}\n\n${table(at)}`];
  throw new RangeError('no bench prints this');
}

const mark = (name: string, end: 'begin' | 'end'): string => `<!-- measured: ${name} ${end} -->`;

/** The page with the given sections in place. @throws RangeError where the page has no place for one */
export function fillSections(page: string, sections: Partial<Record<SectionName, string>>): string {
  return Object.entries(sections).reduce((text, [name, section]) => {
    const [from, to] = [text.indexOf(mark(name, 'begin')), text.indexOf(mark(name, 'end'))];
    if (from < 0 || to < from) throw new RangeError(`the page has no place for ${name}`);
    return `${text.slice(0, from)}${mark(name, 'begin')}\n\n${section}\n\n${text.slice(to)}`;
  }, page);
}
