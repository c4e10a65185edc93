/** Quantile of a sorted list by nearest rank; NaN of nothing. */
export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * q) - 1))] ?? Number.NaN;

export const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Numbers in [0, 1) from a seed: the same seed gives the same interval. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bootstrap percentile interval (Efron) of the median: 95 %, 2,000 resamples. One value is its own interval; of nothing it is NaN. */
export function medianInterval(values: readonly number[], seed = 1): [number, number] {
  const random = randomOf(seed);
  const medians = Array.from({ length: 2_000 }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] as number)),
  );
  const sorted = ascending(medians);
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)];
}

/** One measured thing on both sides of a pair. */
export type Pair = { ours: number; peer: number };

/** `more` is better for builds/s, `less` for time. The ratio is above 1 where Orgo is better. */
export type Direction = 'more' | 'less';

export type Ratio = { ratio: number; ci: [number, number]; pairs: number };

/** Median of the ratios pair by pair, so that a machine that drifts over the run moves both sides alike. Null without a pair. */
export function pairedRatio(pairs: readonly Pair[], direction: Direction): Ratio | null {
  const ratios = pairs
    .map(({ ours, peer }) => (direction === 'more' ? ours / peer : peer / ours))
    .filter((ratio) => Number.isFinite(ratio) && ratio > 0);
  return ratios.length === 0 ? null : { ratio: median(ratios), ci: medianInterval(ratios), pairs: ratios.length };
}
