import type { AnalysisMetric, ExactNumber, Measurement } from '@orgo/contracts';

/** What a cohort’s nodes reported of one metric, as exact decimals. */
export type Folded = { mean: string; sum: string; max: string; samples: number };
/** Metrics by name, or that they could not be read. */
export type Measures = { ok: true; metrics: Record<string, Folded> } | { ok: false };

const digits = 9;

/** A decimal as an integer of billionths. Null for what is no decimal. */
export function billionths(value: ExactNumber): bigint | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(`${value}`);
  if (match === null) return null;
  const [, sign, whole, fraction = ''] = match;
  if (fraction.length > digits) return null;
  const amount = BigInt(`${whole}${fraction.padEnd(digits, '0')}`);
  return sign === '-' ? -amount : amount;
}

/** The shortest form: an integer where it is one that JSON keeps exactly. */
export function exact(value: string): ExactNumber {
  const [whole = '0', fraction = ''] = value.split('.');
  const rest = fraction.replace(/0+$/, '');
  const integer = Number(whole);
  if (rest !== '') return `${whole}.${rest}`;
  return Number.isSafeInteger(integer) ? integer + 0 : `${whole}.0`;
}

function holds(value: bigint, op: AnalysisMetric['op'], threshold: bigint): boolean {
  switch (op) {
    case 'lt':
      return value < threshold;
    case 'lte':
      return value <= threshold;
    case 'gt':
      return value > threshold;
    case 'gte':
      return value >= threshold;
    case 'eq':
      return value === threshold;
    default:
      return op satisfies never;
  }
}

/** One metric, held against its threshold. Too few samples, or none, decide nothing; what cannot be read is an error. */
export function measure(metric: AnalysisMetric, measures: Measures, at: string): Measurement {
  const { name, op, threshold, fold, min_samples } = metric;
  const of = { name, op, threshold, at };
  if (!measures.ok) return { ...of, outcome: 'error', value: null, samples: 0 };
  const found = Object.hasOwn(measures.metrics, name) ? measures.metrics[name] : undefined;
  if (found === undefined) return { ...of, outcome: 'inconclusive', value: null, samples: 0 };
  const [value, bound] = [billionths(found[fold]), billionths(threshold)];
  if (value === null || bound === null) return { ...of, outcome: 'error', value: null, samples: found.samples };
  const shown = { ...of, value: exact(found[fold]), samples: found.samples };
  if (found.samples < min_samples) return { ...shown, outcome: 'inconclusive' };
  return { ...shown, outcome: holds(value, op, bound) ? 'pass' : 'fail' };
}

/** What earlier measurements of a step came to: how often each metric failed or said nothing, and how often nothing could be read. */
export type Tally = { failures: Record<string, number>; silent: Record<string, number>; errors: number };
export const noTally: Tally = { failures: {}, silent: {}, errors: 0 };

/** Reads that may fail in a row. */
const maxErrors = 3;

export type Verdict =
  | { verdict: 'pass' }
  | { verdict: 'again' }
  | { verdict: 'fail'; finding: Measurement }
  | { verdict: 'inconclusive'; code: 'ANALYSIS_NO_DATA' | 'ANALYSIS_INCONCLUSIVE'; finding: Measurement }
  | { verdict: 'error'; finding: Measurement };

const more = (counts: Record<string, number>, name: string): Record<string, number> => ({
  ...counts,
  [name]: (Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0) + 1,
});

/** Adds a round of measurements. */
export const counted = (tally: Tally, round: readonly Measurement[]): Tally => ({
  failures: round.reduce((all, { name, outcome }) => (outcome === 'fail' ? more(all, name) : all), tally.failures),
  silent: round.reduce((all, { name, outcome }) => (outcome === 'inconclusive' ? more(all, name) : all), tally.silent),
  errors: round.some(({ outcome }) => outcome === 'error') ? tally.errors + 1 : 0,
});

/**
 * What a round comes to, with those before it. Failure is judged first; no data and too little never pass; `soaking` judges failures and errors alone, since
 * there is time for more samples.
 */
export function verdictOf(
  metrics: readonly AnalysisMetric[],
  round: readonly Measurement[],
  tally: Tally,
  soaking: boolean,
): Verdict {
  const limitOf = (name: string, which: 'failure_limit' | 'inconclusive_limit'): number =>
    metrics.find((metric) => metric.name === name)?.[which] ?? 0;
  const over = (counts: Record<string, number>, which: 'failure_limit' | 'inconclusive_limit', outcome: string) =>
    round.find((one) => one.outcome === outcome && (counts[one.name] ?? 0) > limitOf(one.name, which));
  const failed = over(tally.failures, 'failure_limit', 'fail');
  if (failed !== undefined) return { verdict: 'fail', finding: failed };
  const broken = round.find(({ outcome }) => outcome === 'error');
  if (broken !== undefined)
    return tally.errors >= maxErrors ? { verdict: 'error', finding: broken } : { verdict: 'again' };
  if (round.every(({ outcome }) => outcome === 'pass')) return { verdict: 'pass' };
  const silent = soaking ? undefined : over(tally.silent, 'inconclusive_limit', 'inconclusive');
  if (silent === undefined) return { verdict: 'again' };
  const code = silent.samples === 0 ? 'ANALYSIS_NO_DATA' : 'ANALYSIS_INCONCLUSIVE';
  return { verdict: 'inconclusive', code, finding: silent };
}

/** Evaluates every metric dry, before anything is measured: what is wrong with them, or null for nothing. */
export function analysisFault(metrics: readonly AnalysisMetric[]): string | null {
  const names = metrics.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return `${twice} is there twice`;
  const broken = metrics.find((metric) => {
    const zero: Folded = { mean: '0', sum: '0', max: '0', samples: metric.min_samples };
    const { outcome } = measure(metric, { ok: true, metrics: { [metric.name]: zero } }, '');
    return outcome !== 'pass' && outcome !== 'fail';
  });
  return broken === undefined ? null : `${broken.name} cannot be held against ${broken.threshold}`;
}
