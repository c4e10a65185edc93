import { runExecute } from '@orgo/adapter-execute';
import { type ArtifactRef, type Pipeline, pipelines } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import {
  type AfterRequest,
  type ExecutionReport,
  ExecutionReportSchema,
  type Signal,
  SignalsSchema,
  type TaskSpec,
} from '@orgo/kristal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asOf, plantedExchange, releaseId, requestFor, storedPack } from './render.fixture.ts';

const pack = storedPack(plantedExchange());
const config = (pipelines['kristal-after'] as Pipeline).stages.find(({ stage }) => stage === 'execute')?.config;
const ample = { rows: 10_000, milliseconds: 10_000, bytes: 10_000_000 };
const scan: TaskSpec = { task_id: 'scan', type: 'contradiction-scan', version: '1.0.0', budget: ample };
const smokeOf = (expect: Partial<NonNullable<TaskSpec['queries']>[number]['expect']>, query = {}): TaskSpec => ({
  task_id: 'smoke',
  type: 'pack-smoke',
  version: '1.0.0',
  budget: ample,
  queries: [
    { id: 'borders', query: { s: 'Q1', p: 'P47', ...query }, expect: { min_rows: 27, evidence: true, ...expect } },
  ],
});

async function executed(
  tasks: AfterRequest['tasks'],
  change: Partial<AfterRequest> = {},
): Promise<{ report: ExecutionReport; signals: Signal[]; refs: ArtifactRef[] } | { code: string; detail: string }> {
  const request = { ...requestFor(pack, {}, tasks), ...change };
  const inputs = [pack.memory.putJson('after-request', request), pack.manifestRef];
  const { result, outputs } = await pack.memory.run(runExecute, inputs, asOf, config as JsonValue);
  if (!result.ok) return { code: result.code, detail: result.detail };
  const [report, signals] = outputs as [ArtifactRef, ArtifactRef];
  return {
    report: ExecutionReportSchema.parse(await pack.memory.json(report)),
    signals: SignalsSchema.parse(await pack.memory.json(signals)),
    refs: outputs,
  };
}
const done = async (...tasks: TaskSpec[]) => {
  const ended = await executed(tasks);
  if ('code' in ended) throw new Error(`${ended.code} ${ended.detail}`);
  return ended;
};

describe('contradiction-scan', () => {
  it('finds the one contradiction that was planted, and neither readings of one text nor what was withdrawn', async () => {
    const { report, signals } = await done(scan);
    const [task] = report.tasks;
    expect(task).toMatchObject({ status: 'SUCCEEDED', codes: ['TASK_FINDING_REPORTED'], cut: null });
    expect(task?.findings).toMatchObject([{ kind: 'single-value-conflict', subject: 'Q1', property: 'P2044' }]);
    expect(task?.findings[0]?.statement_ids).toHaveLength(2);
    expect(signals.map(({ type, subject }) => [type, subject])).toEqual([
      ['orgo.signal.single-value-conflict.v1', 'Q1'],
      ['orgo.task.finished.v1', 'scan'],
    ]);
    expect(signals[0]).toMatchObject({
      specversion: '1.0',
      source: `urn:orgo:release:${releaseId}`,
      time: asOf,
      data: { classification: 'content-conflict', pack_id: pack.manifest.runtime_pack_id, property: 'P2044' },
    });
  });
  it('looks at the properties that its spec names', async () => {
    const { report } = await done({ ...scan, single_valued: ['P1082', 'P569', 'P47'] });
    expect(report.tasks[0]?.findings.map(({ property }) => property)).toEqual(['P47']);
  });
});

describe('pack-smoke', () => {
  it('passes where answers have the shape they must have', async () => {
    const { report } = await done(smokeOf({ max_rows: 27, object_types: ['item'] }));
    expect(report.tasks[0]).toMatchObject({ status: 'SUCCEEDED', codes: [], findings: [], used: { rows: 27 } });
  });
  it.each([
    ['too few rows', smokeOf({ min_rows: 28 })],
    ['too many rows', smokeOf({ max_rows: 26 })],
    ['another type', smokeOf({ object_types: ['time'] })],
    ['a question that the pack does not answer', smokeOf({}, { limit: 1_000_000 })],
  ])('fails for %s, and a signal says so', async (_, spec) => {
    const { report, signals } = await done(spec);
    expect(report.tasks[0]).toMatchObject({ status: 'FAILED', codes: ['SMOKE_FAILED'] });
    expect(signals[0]).toMatchObject({
      type: 'orgo.signal.smoke-query.v1',
      subject: 'borders',
      data: { code: 'SMOKE_FAILED' },
    });
  });
  it('fails for a statement without evidence', async () => {
    const bare = storedPack(
      plantedExchange([['Q6', 'P17', { type: 'item', value: { qid: 'Q2' } }, { evidence: false }]]),
    );
    const request = requestFor(bare, {}, [smokeOf({ min_rows: 1 }, { s: 'Q6', p: 'P17' })]);
    const inputs = [bare.memory.putJson('after-request', request), bare.manifestRef];
    const { outputs } = await bare.memory.run(runExecute, inputs, asOf, config as JsonValue);
    const report = ExecutionReportSchema.parse(await bare.memory.json(outputs[0] as ArtifactRef));
    expect(report.tasks[0]).toMatchObject({ status: 'FAILED', findings: [{ detail: 'a statement without evidence' }] });
  });
});

describe('a task does not start', () => {
  it.each<[string, TaskSpec, string]>([
    ['of a type that nobody allowed', { ...scan, type: 'shell' }, 'task-allowed'],
    ['in a version that nobody allowed', { ...scan, version: '2.0.0' }, 'task-allowed'],
    ['with a budget over the ceiling', { ...scan, budget: { ...ample, rows: 100_000_000 } }, 'budget-within-ceiling'],
    ['without questions', { ...smokeOf({}), queries: [] }, 'spec-complete'],
    ['with questions that it would ignore', { ...scan, queries: smokeOf({}).queries ?? [] }, 'spec-complete'],
  ])('%s', async (_, spec, gate) => {
    expect(await executed([spec])).toEqual({ code: 'TASK_NOT_READY', detail: `${spec.task_id}: ${gate}` });
  });
  it('when another one may not: none does', async () => {
    expect(await executed([smokeOf({}), { ...scan, type: 'shell' }])).toMatchObject({ code: 'TASK_NOT_READY' });
    expect(await executed([scan, scan])).toMatchObject({ code: 'TASK_NOT_READY' });
  });
  it('against another pack', async () => {
    expect(await executed([scan], { pack_id: '0'.repeat(64) })).toMatchObject({ code: 'UNVERIFIED_INPUT' });
  });
});

describe('a budget', () => {
  it.each([
    ['rows', { rows: 3 }],
    ['milliseconds', { milliseconds: 1 }],
    ['bytes', { bytes: 900 }],
  ] as const)('of %s ends the task, says where, and is kept', async (of, less) => {
    const budget = { ...ample, ...less };
    const { report, signals, refs } = await done({ ...scan, budget });
    const [task] = report.tasks;
    expect(task).toMatchObject({
      status: 'CUT',
      codes: ['TASK_BUDGET_EXHAUSTED'],
      cut: { code: 'TASK_BUDGET_EXHAUSTED', of },
    });
    expect(task?.used.rows).toBeLessThanOrEqual(budget.rows);
    expect(task?.used.bytes).toBeLessThanOrEqual(budget.bytes);
    expect(task?.used.microseconds).toBeLessThanOrEqual(budget.milliseconds * 1000);
    expect(signals.map(({ type }) => type)).toContain('orgo.task.cut.v1');
    expect((await done({ ...scan, budget })).refs).toEqual(refs);
  });

  it('of any size is kept, cuts at the same place again, and a larger one never finds less', async () => {
    const budgets = fc.record({
      rows: fc.integer({ min: 1, max: 80 }),
      milliseconds: fc.integer({ min: 1, max: 10 }),
      bytes: fc.integer({ min: 1, max: 40_000 }),
    });
    await fc.assert(
      fc.asyncProperty(budgets, async (budget) => {
        const small = await done({ ...scan, single_valued: ['P2044', 'P47', 'P569'], budget });
        const again = await done({ ...scan, single_valued: ['P2044', 'P47', 'P569'], budget });
        const large = await done({ ...scan, single_valued: ['P2044', 'P47', 'P569'] });
        const { used, findings } = small.report.tasks[0] as ExecutionReport['tasks'][number];
        expect(again.refs).toEqual(small.refs);
        expect(
          used.rows <= budget.rows && used.bytes <= budget.bytes && used.microseconds <= budget.milliseconds * 1000,
        ).toBe(true);
        expect(large.report.tasks[0]?.findings).toEqual(expect.arrayContaining(findings));
      }),
      { numRuns: 30 },
    );
  });
});
