import type { BuildPhase, BuildStatus, Digest } from '@orgo/contracts';
import type { BuildState, OpenStage, StageResult } from './state.ts';
import { waitingFor } from './waiting.ts';

type StageView = BuildStatus['stages'][number];

const ofResult = (stage: StageResult): StageView => ({
  stage: stage.stage,
  status: stage.status,
  attempt: stage.attempt,
  reason_codes: stage.reason_codes,
  outputs: stage.outputs,
  log_index: stage.log_index,
  duration_ms: stage.duration_ms,
});

const ofOpen = (open: OpenStage): StageView => ({
  stage: open.stage,
  status: open.phase === 'ERROR' ? 'ERROR' : 'RUNNING',
  attempt: open.attempt,
  reason_codes: open.reason_codes,
  outputs: [],
  log_index: open.log_index,
  duration_ms: null,
});

/** What the stage with a validation gate said; NOT_RUN until it has its decision. */
function validationOf(state: BuildState): BuildStatus['validation'] {
  const gates = state.pipeline.stages.filter(({ gate }) => gate === 'validation').map(({ stage }) => stage);
  const result = state.stages.find(({ stage }) => gates.includes(stage));
  if (result === undefined) return { status: 'NOT_RUN', report_ref: null, codes: [] };
  const report = result.outputs.find(({ kind }) => kind === 'validation-report');
  return { status: result.status, report_ref: report?.ref ?? null, codes: result.reason_codes };
}

/** Trace id of a W3C traceparent. */
export const traceIdOf = (traceparent: string | null): string | null => traceparent?.split('-')[1] ?? null;

/** The public state of a build. `version` counts its events; `cases` are those opened about it. */
export const statusOf = (state: BuildState, more: { version: number; cases: string[] }): BuildStatus => ({
  build_id: state.build_id,
  tenant_id: state.tenant_id,
  pipeline: state.pipeline.pipeline_id,
  status: state.phase as BuildPhase,
  reason_codes: state.reason_codes,
  as_of: state.as_of,
  trace_id: traceIdOf(state.traceparent),
  stages: [...state.stages.map(ofResult), ...(state.open === null ? [] : [ofOpen(state.open)])],
  validation: validationOf(state),
  kristal_id: state.kristal_id as Digest | null,
  pack_id: state.pack_id,
  record_ref: state.record_ref,
  waiting_for: waitingFor(state),
  cases: more.cases,
  version: more.version,
});
