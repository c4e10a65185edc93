import type { ArtifactRef, BuildPhase } from '@orgo/contracts';
import type { CaseOpening, Send } from '../sends.ts';
import type { BuildState } from '../state.ts';

const change = (state: BuildState): Send => ({
  send: 'event',
  change: {
    n: state.changes,
    phase: state.phase as BuildPhase,
    reason_codes: state.reason_codes,
    kristal_id: state.kristal_id,
    pack_id: state.pack_id,
    record_ref: state.record_ref,
  },
});

/** What a person needs to see: the reports of the stage that stopped the build, and what validation said. */
function refsOf(state: BuildState): ArtifactRef[] {
  const failed = state.stages.find((stage) => stage.status === 'FAIL');
  const reports = state.stages.flatMap((stage) => stage.outputs.filter(({ kind }) => kind === 'validation-report'));
  return [...reports, ...(failed?.report ? [failed.report] : []), ...(state.open?.report ? [state.open.report] : [])];
}

function openingOf(state: BuildState): CaseOpening | null {
  const about = `${state.phase.toLowerCase()}:${state.changes}`;
  const open = { about, mandate_ref: state.mandate_ref, reason_codes: state.reason_codes, refs: refsOf(state) };
  const what = `${state.pipeline.pipeline_id} build`;
  switch (state.phase) {
    case 'BLOCKED':
      return {
        ...open,
        type: 'build-blocked',
        severity: 'MAJOR',
        title: `A ${what} waits for a person at ${state.open?.stage ?? 'its next stage'}`,
      };
    case 'VALIDATION_FAILED':
      return { ...open, type: 'validation-failed', severity: 'MODERATE', title: `The validation of a ${what} says no` };
    case 'FAILED':
      return { ...open, type: 'build-failed', severity: 'MAJOR', title: `A ${what} failed at ${failedAt(state)}` };
    default:
      return null;
  }
}

const failedAt = (state: BuildState): string =>
  state.stages.find((stage) => stage.status === 'FAIL')?.stage ?? state.open?.stage ?? 'admission';

function divergence(before: BuildState, after: BuildState): CaseOpening | null {
  if (before.differences !== null || after.differences === null || after.differences.length === 0) return null;
  return {
    about: 'rerun',
    mandate_ref: after.mandate_ref,
    type: 'rerun-diverged',
    severity: 'CRITICAL',
    title: `A rerun of ${after.rerun_of} differs: ${after.differences.join('; ')}`.slice(0, 500),
    reason_codes: ['RERUN_DIVERGED'],
    refs: refsOf(after),
  };
}

function endRefused(before: BuildState, after: BuildState): CaseOpening | null {
  const { closing } = after;
  if (closing === null || closing.refused.length === 0 || (before.closing?.refused.length ?? 0) > 0) return null;
  return {
    about: `end:${closing.asked}:${closing.attempt}`.toLowerCase(),
    mandate_ref: after.mandate_ref,
    type: 'build-blocked',
    severity: 'CRITICAL',
    title: `The gatekeeper does not grant the end of a ${after.pipeline.pipeline_id} build`,
    reason_codes: closing.refused,
    refs: refsOf(after),
  };
}

/** A stage that passed without some of its documents: each of them waits for a person (SP-22). */
function putAside(before: BuildState, after: BuildState): CaseOpening[] {
  const passed = after.stages.filter(({ stage }) => !before.stages.some((known) => known.stage === stage));
  return passed.flatMap(({ stage, outputs }) => {
    const refs = outputs.filter(({ kind }) => kind === 'dead-letters');
    if (refs.length === 0) return [];
    return [
      {
        about: `dead-letter:${stage}`,
        mandate_ref: after.mandate_ref,
        type: 'dead-letter',
        severity: 'MODERATE',
        title: `A ${after.pipeline.pipeline_id} build put documents aside at ${stage} and goes on without them`,
        reason_codes: ['DEAD_LETTERED'],
        refs,
      },
    ];
  });
}

/** What the world is told about a step: a public event for every phase change, a Case for what a person has to look at (SP-15). */
export function announce(before: BuildState, after: BuildState): Send[] {
  const moved = before.changes !== after.changes;
  const openings = [
    ...putAside(before, after),
    ...[moved ? openingOf(after) : null, divergence(before, after), endRefused(before, after)],
  ].filter((opening) => opening !== null);
  return [...(moved ? [change(after)] : []), ...openings.map((opening): Send => ({ send: 'case', opening }))];
}
