import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentionOf } from '../bench/contention.ts';
import { fillSections, sectionOf } from '../bench/docs-sections.ts';
import { parseAnswer } from '../bench/http-client.ts';
import { benchOptions } from '../bench/options.ts';
import { choosePairs, type SlicePair } from '../bench/pairing.ts';
import { againstBest, benchResultSchema, figuresOf, ratiosOf } from '../bench/result.ts';
import type { Slice } from '../bench/slice.ts';
import { medianInterval, pairedRatio } from '../bench/statistics.ts';
import { ratioRows, systemRows } from '../bench/table.ts';

const slice = (more: Partial<Slice>, other = 0): Slice => ({
  in_flight: 64,
  seconds: 8,
  builds: 800,
  builds_per_s: 100,
  p50_ms: 10,
  p99_ms: 30,
  cpu_ms_per_build: 1,
  generator_cpu_ms_per_build: 0.1,
  written_bytes_per_build: 9000,
  counters_per_build: { commits: 2 },
  contention: { other, steal: 0, contended: other >= 0.05 },
  ...more,
});
const pair = (ours: Partial<Slice>, peer: Partial<Slice>, other = 0): SlicePair => ({
  ours: slice(ours, other),
  peer: slice(peer),
});

test('a ratio is the median of the pairs, written so that more than 1 means Orgo is better', () => {
  const pairs = [
    { ours: 300, peer: 100 },
    { ours: 100, peer: 50 },
    { ours: 50, peer: 10 },
  ];
  expect(pairedRatio(pairs, 'more')).toMatchObject({ ratio: 3, pairs: 3 });
  expect(pairedRatio(pairs, 'less')?.ratio).toBeCloseTo(1 / 3);
  expect(pairedRatio([], 'more')).toBeNull();
});

test('pairs cancel a machine that drifts', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 20 }), (speeds) => {
      const found = pairedRatio(
        speeds.map((speed) => ({ ours: 500 * speed, peer: 100 * speed })),
        'more',
      );
      expect(found?.ratio).toBeCloseTo(5);
      expect(found?.ci[0]).toBeCloseTo(5);
      expect(found?.ci[1]).toBeCloseTo(5);
    }),
    { numRuns: 20 },
  );
});

test('the interval holds the median, lies within the values, and is the same each time', () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8, 100];
  const [low, high] = medianInterval(values);
  expect(low).toBeGreaterThanOrEqual(1);
  expect(low).toBeLessThan(5);
  expect(high).toBeGreaterThan(5);
  expect(high).toBeLessThanOrEqual(100);
  expect(medianInterval(values)).toEqual([low, high]);
  expect(medianInterval([7])).toEqual([7, 7]);
});

test('a slice is contended from 5 % of the machine by strangers on, or 1 % taken by the host', () => {
  const quiet = { total: 100, busy: 60, steal: 0, system: 50, generator: 5, partner: 1 };
  expect(contentionOf(quiet)).toMatchObject({ other: 0.04, contended: false });
  expect(contentionOf({ ...quiet, busy: 61 })).toMatchObject({ other: 0.05, contended: true });
  expect(contentionOf({ ...quiet, steal: 0.99 }).contended).toBe(false);
  expect(contentionOf({ ...quiet, steal: 1 }).contended).toBe(true);
  // Ticks are rounded for each process: what is negative is nothing.
  expect(contentionOf({ ...quiet, busy: 50 }).other).toBe(0);
});

test('contended pairs are dropped, and where too few are clean the least disturbed fill up and are marked', () => {
  const clean = pair({ builds_per_s: 1 }, {});
  const bad = pair({ builds_per_s: 2 }, {}, 0.5);
  const worse = pair({ builds_per_s: 3 }, {}, 0.9);
  expect(choosePairs([clean, bad, clean], { slices: 2, allowContended: false })).toEqual({
    pairs: [clean, clean],
    discarded: 1,
    contended: false,
  });
  expect(choosePairs([worse, clean, bad], { slices: 2, allowContended: false })).toEqual({
    pairs: [clean, bad],
    discarded: 1,
    contended: true,
  });
  expect(choosePairs([worse, clean], { slices: 2, allowContended: true })).toMatchObject({
    pairs: [worse, clean],
    contended: true,
  });
});

test('a peer is compared in the tuning that Orgo beats by less', () => {
  const against = (peerRate: number) =>
    ratiosOf([
      {
        in_flight: 64,
        pairs: [pair({ builds_per_s: 300 }, { builds_per_s: peerRate })],
        discarded: 0,
        contended: false,
      },
    ]);
  const all = againstBest({
    restate: against(60),
    restate_tuned: against(100),
    dbos: against(30),
    dbos_tuned: against(20),
  });
  expect(all.restate?.builds_per_s).toBe(3);
  expect(all.restate_default?.builds_per_s).toBe(5);
  expect(all.restate_tuned?.builds_per_s).toBe(3);
  expect(all.dbos?.builds_per_s).toBe(10);
  expect(all.dbos_tuned?.builds_per_s).toBe(15);
});

test('the result has the promised shape, and the tables show it', () => {
  const loaded = [pair({ builds_per_s: 500, cpu_ms_per_build: 1 }, { builds_per_s: 100, cpu_ms_per_build: 4 })];
  const idle = [pair({ in_flight: 1, p50_ms: 8 }, { in_flight: 1, p50_ms: 12 })];
  const ratios = ratiosOf([
    { in_flight: 1, pairs: idle, discarded: 0, contended: false },
    { in_flight: 64, pairs: loaded, discarded: 2, contended: false },
  ]);
  expect(ratios).toMatchObject({
    builds_per_s: 5,
    builds_per_s_ci: [5, 5],
    cpu_per_build: 4,
    cpu_per_build_ci: [4, 4],
    idle_p50: 1.5,
    idle_p50_ci: [1.5, 1.5],
    in_flight: 64,
  });
  const levels = [idle, loaded].flatMap((pairs) => figuresOf(pairs.map(({ ours }) => ours)) ?? []);
  const result = benchResultSchema.parse({
    machine: {
      date: '2026-01-01T00:00:00.000Z',
      cpus: 2,
      model: 'a processor',
      memory_gib: 8,
      kernel: '6.1',
      node: 'v24',
      load_before: 0,
      load_after: 1,
      contended: false,
    },
    command: 'npm run bench --',
    ours: { settings: {}, levels, messages_per_build: 12, floor: null },
    peers: { restate: { settings: {}, levels } },
    ratios: { restate: ratios },
  });
  expect(Object.keys(result).sort()).toEqual(['command', 'machine', 'ours', 'peers', 'ratios']);
  expect(systemRows(result).map((row) => row.slice(0, 3))).toContainEqual(['Orgo', '64', '500']);
  expect(ratioRows(result)).toEqual([['restate', '5.00 (5.00 to 5.00)', '4.00 (4.00 to 4.00)', '1.50 (1.50 to 1.50)']]);
});

test('options are read, and wrong ones refused', () => {
  expect(benchOptions([])).toMatchObject({ slices: 5, seconds: 8, levels: [1, 64, 512], allowContended: false });
  expect(benchOptions([]).peers).toEqual(
    expect.arrayContaining(['restate', 'dbos', 'bullmq_always', 'bullmq_everysec']),
  );
  expect(benchOptions(['--quick', '--peers', 'none'])).toMatchObject({
    peers: [],
    slices: 1,
    seconds: 2,
    levels: [1, 16],
  });
  expect(() => benchOptions(['--peers', 'nobody'])).toThrow(/no peer nobody/);
  expect(() => benchOptions(['--slices', 'few'])).toThrow(/not a number/);
});

test('answers of HTTP are taken whole, however they arrive', () => {
  const plain = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';
  const chunked = 'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
  for (const [text, status] of [
    [plain, 200],
    [chunked, 201],
  ] as const) {
    const bytes = Buffer.from(text);
    for (let end = 0; end < bytes.length - 2; end++) expect(parseAnswer(bytes.subarray(0, end))).toBeNull();
    expect(parseAnswer(bytes)).toEqual({ status, body: 'hello' });
  }
});

test('a page is written from what benches print, and only between its marks', () => {
  const page = 'A\n<!-- measured: log begin -->\nold\n<!-- measured: log end -->\nZ';
  const machine = {
    date: '2026-01-01T00:00:00Z',
    cpus: 2,
    model: 'M',
    memory_gib: 8,
    kernel: '6',
    node: 'v24',
    load: 9,
  };
  const at = [{ size: 1000, sealed_per_s: 2500, proof: { p50_ms: 1.5, p99_ms: 4 } }];
  const [name, section] = sectionOf({ machine, at });
  const filled = fillSections(page, { [name]: section });
  expect(filled).toContain('| 1,000 | 2,500 | 1.5 | 4 |');
  expect(filled).toContain('pessimistic');
  expect(filled).not.toContain('old');
  expect(filled.startsWith('A\n') && filled.endsWith('\nZ')).toBe(true);
  expect(fillSections(filled, { [name]: section })).toBe(filled);
  expect(() => fillSections('no marks', { log: 'x' })).toThrow(/no place for log/);
  expect(() => sectionOf({ machine })).toThrow(/no bench/);
});
