import { digestOf, type JsonValue } from '@orgo/core';
import {
  AfterRequestSchema,
  checked,
  diagnosticsOf,
  type ExecutionReport,
  jsonOutput,
  type Pack,
  readInput,
  type StageCore,
  sourcedPack,
  stageRefusal,
  type TaskReport,
  type TaskSpec,
} from '@orgo/kristal';
import { Meter } from './meter.ts';
import { type ExecuteConfig, ExecuteConfigSchema, gatesOf } from './ready.ts';
import { signalsOf } from './signals.ts';
import type { Task } from './task.ts';
import { tasks } from './tasks.ts';

/**
 * Runs the governed tasks of a request against the released pack, which is read and never written (ST-44). Nothing starts before every gate of
 * every task is open; each task ends where its budget ends, at the same row wherever it runs. What was found leaves as a report and as
 * signals.
 *
 * Inputs: `after-request`, `pack-manifest` (its files are read by digest). Outputs: `execution-report`, `signals`. Refuses with
 * `STAGE_INPUT_INVALID`, `UNVERIFIED_INPUT` or `TASK_NOT_READY`. That a task failed or was cut is no refusal: its report says so.
 */
export const runExecute: StageCore = async (ctx) => {
  const request = await readInput(ctx, 'after-request', AfterRequestSchema);
  if (!request.ok) return request;
  const config = checked(ctx.config, ExecuteConfigSchema, 'config');
  if (!config.ok) return config;
  const { pack_id, release_id, tasks: specs } = request.value.value;
  const pack = await sourcedPack(ctx, pack_id);
  if (!pack.ok) return pack;
  const closed = closedGates(specs, config.value);
  if (closed.length > 0) return stageRefusal('TASK_NOT_READY', closed.join(', '));

  const reports: TaskReport[] = [];
  for (const spec of specs) reports.push(await report(pack.value, spec, config.value));
  const done: ExecutionReport = {
    v: 1,
    kind: 'execution-report',
    release_id,
    pack_id,
    created: ctx.asOf,
    tasks: reports,
  };
  const signals = { ...jsonOutput('signals', signalsOf(done)), media_type: 'application/cloudevents-batch+json' };
  return {
    ok: true,
    value: {
      outputs: [jsonOutput('execution-report', done), signals],
      metrics: {
        tasks: reports.length,
        rows: reports.reduce((sum, { used }) => sum + used.rows, 0),
        findings: reports.reduce((sum, { findings }) => sum + findings.length, 0),
      },
      diagnostics: diagnosticsOf(reports.flatMap(({ codes }) => codes)),
    },
  };
};

function closedGates(specs: readonly TaskSpec[], config: ExecuteConfig): string[] {
  const ids = new Set(specs.map(({ task_id }) => task_id));
  return [
    ...(ids.size === specs.length ? [] : ['task ids that occur twice']),
    ...specs.flatMap((spec) =>
      gatesOf(spec, config)
        .filter(({ open }) => !open)
        .map(({ gate }) => `${spec.task_id}: ${gate}`),
    ),
  ];
}

async function report(pack: Pack, spec: TaskSpec, config: ExecuteConfig): Promise<TaskReport> {
  const { task_id, type, version, budget } = spec;
  const meter = new Meter(budget);
  const task = tasks[`${type}@${version}`] as Task;
  const findings = await task(pack, spec, meter);
  const { cut, used } = meter;
  const failed = findings.some(({ code }) => code === 'SMOKE_FAILED');
  const codes = new Set([...findings.map(({ code }) => code), ...(cut === null ? [] : [cut.code])]);
  return {
    task_id,
    type,
    version,
    spec: digestOf(spec as JsonValue),
    gates: gatesOf(spec, config).map(({ gate }) => ({ gate, open: true })),
    status: failed ? 'FAILED' : cut === null ? 'SUCCEEDED' : 'CUT',
    codes: [...codes].sort(),
    budget,
    used,
    cut,
    findings,
  };
}
