import type { AnalysisMetric, NodeMetric, TargetState } from '@orgo/contracts';
import { analysisMetricSchema } from '@orgo/contracts';
import { describe, expect, it } from 'vitest';
import { opened } from '../world-run.fixture.ts';
import { isIntegrityCode } from './integrity-codes.ts';
import { billionths, exact, measure } from './measure.ts';

const metric = (part: object = {}): AnalysisMetric =>
  analysisMetricSchema.parse({ name: 'smoke_failures', op: 'lte', threshold: 0, ...part });

/** A canary of one and a rest of three, confirmed with these metrics. */
const canaryWith = (metrics: NodeMetric[], plan: object = {}, of: object = {}) => {
  const stages = [{ name: 'canary', cohort: { by: 'ids', ids: ['n1'] } }];
  const analysis = { metrics: [metric(of)], interval_ms: 10_000 };
  const live = opened({ strategy: { mode: 'staged', stages }, analysis, ...plan }, 4);
  return live.report('n1', 'CONFIRMED', { metrics }).look().calm();
};
const smoke = (value: number, samples = 3): NodeMetric[] => [{ name: 'smoke_failures', value, samples }];

describe('the analysis of a cohort', () => {
  it('passes, and the next cohort opens', () => {
    const live = canaryWith(smoke(0));
    expect(live.state).toMatchObject({ phase: 'RELEASING', current: 1 });
    expect(live.channel.open).toBe(2);
  });

  it('fails: no other cohort is opened, and the canary is brought back without a person, with metric, value, threshold and samples', () => {
    const live = canaryWith(smoke(2));
    const finding = { name: 'smoke_failures', outcome: 'fail', value: 2, op: 'lte', threshold: 0, samples: 3 };
    expect(live.state).toMatchObject({ reason_codes: ['ANALYSIS_FAILED'], finding });
    expect(live.channel).toMatchObject({ place: 'none', open: 0 });
    live.report('n1', 'ROLLED_BACK').look().calm();
    expect(live.state).toMatchObject({
      phase: 'ROLLED_BACK',
      ending: { trigger: 'analysis', act: { actor: 'release' } },
    });
    expect(live.types().filter((type) => type === 'StepOpened')).toHaveLength(1);
    const [asked] = live.sends.flatMap((send) => (send.send === 'job' && send.job === 'rollback' ? [send.wish] : []));
    expect(asked).toMatchObject({ trigger: 'analysis', codes: ['ANALYSIS_FAILED'], finding });
  });

  it('fails: it only pauses where the plan says so', () => {
    const live = canaryWith(smoke(2), { on_failure: 'pause' });
    expect(live.state).toMatchObject({ phase: 'PAUSED', ending: null, reason_codes: ['ANALYSIS_FAILED'] });
  });

  it('fails without a way back: it pauses and says that there is none', () => {
    const live = canaryWith([], { soak_ms: 60_000 });
    live.wayBack = false;
    live
      .report('n1', 'CONFIRMED', { metrics: smoke(2) })
      .tick(10_000)
      .look()
      .calm();
    expect(live.state).toMatchObject({ phase: 'PAUSED', reason_codes: ['ANALYSIS_FAILED', 'ROLLBACK_TARGET_MISSING'] });
  });

  it('has no data: it pauses with ANALYSIS_NO_DATA and never promotes', () => {
    const live = canaryWith([]);
    expect(live.state).toMatchObject({ phase: 'PAUSED', current: 0, reason_codes: ['ANALYSIS_NO_DATA'] });
    expect(live.tick(3_600_000).look().calm().channel.open).toBe(1);
    // Data that came meanwhile is looked at when a person resumes.
    live
      .report('n1', 'CONFIRMED', { metrics: smoke(0) })
      .person('resume')
      .calm();
    expect(live.state.current).toBe(1);
  });

  it('has too few samples: it pauses with ANALYSIS_INCONCLUSIVE', () => {
    const live = canaryWith(smoke(0, 3), {}, { min_samples: 10 });
    expect(live.state).toMatchObject({ phase: 'PAUSED', current: 0, reason_codes: ['ANALYSIS_INCONCLUSIVE'] });
  });

  it('cannot be read: three times are an ANALYSIS_ERROR', () => {
    const live = canaryWith([], { soak_ms: 600_000 });
    live.brokenMeasures = true;
    for (const rounds of [1, 2]) {
      live.tick(10_000).look().calm();
      expect([rounds, live.state.phase]).toEqual([rounds, 'RELEASING']);
    }
    live.tick(10_000).look().calm();
    expect(live.state).toMatchObject({ phase: 'PAUSED', reason_codes: ['ANALYSIS_ERROR'] });
  });

  it('bears as many failures as its limit says', () => {
    const live = canaryWith(smoke(1), { soak_ms: 25_000 }, { failure_limit: 1 });
    expect(live.state.phase).toBe('RELEASING');
    live.tick(10_000).look().calm();
    expect(live.state.reason_codes).toEqual(['ANALYSIS_FAILED']);
  });

  it('an operator may promote what is inconclusive, by name', () => {
    const live = canaryWith([]).person('promote').calm();
    expect(live.state.current).toBe(1);
  });
});

describe('a node that fails', () => {
  const states: TargetState[] = ['CONFIRMED', 'VERIFIED'];
  it.each(states)('one failed integrity check stops it at once, whatever the rest is (%s)', (state) => {
    const live = opened({ on_failure: 'pause', confirm_threshold: 10 }, 10);
    live.report('n2', state).report('n1', 'FAILED', { code: 'HASH_MISMATCH' }).look().calm();
    expect(live.state).toMatchObject({ reason_codes: ['HASH_MISMATCH'], ending: { trigger: 'integrity' } });
    expect(live.types()).not.toContain('StepConfirmed');
  });
  it('a failed smoke query is no integrity failure: it counts against the threshold', () => {
    expect(isIntegrityCode('SMOKE_FAILED')).toBe(false);
    const live = opened({ confirm_threshold: 50 }, 4);
    live.report('n1', 'FAILED', { code: 'SMOKE_FAILED' }).look().calm();
    expect(live.state.phase).toBe('RELEASING');
    for (const name of ['n2', 'n3']) live.report(name, 'FAILED', { code: 'SMOKE_FAILED' });
    live.look().calm();
    expect(live.state.reason_codes).toEqual(['ANALYSIS_FAILED', 'SMOKE_FAILED']);
    expect(live.state.finding).toMatchObject({ name: 'targets_failed', value: 3, threshold: 2, samples: 4 });
  });
});

describe('a measurement', () => {
  const folded = { mean: '1.5', sum: '3', max: '2', samples: 2 };
  it.each([
    ['lt', 2, 'pass'],
    ['lt', '1.5', 'fail'],
    ['lte', '1.5', 'pass'],
    ['gt', 1, 'pass'],
    ['gte', '1.500000001', 'fail'],
    ['eq', '1.50', 'pass'],
  ])('of 1.5 %s %s: %s', (op, threshold, outcome) => {
    const of = metric({ fold: 'mean', op, threshold });
    expect(measure(of, { ok: true, metrics: { smoke_failures: folded } }, '')).toMatchObject({ outcome, value: '1.5' });
  });
  it('is exact beyond what a double holds', () => {
    expect(billionths('9007199254740993.000000001')).toBe(9007199254740993000000001n);
    expect([exact('3.000'), exact('0.10'), exact('9007199254740993')]).toEqual([3, '0.1', '9007199254740993.0']);
  });
});
