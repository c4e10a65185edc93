import type { ArtifactRef, BuildOutcome, BuildRecord, Digest } from '@orgo/contracts';
import { buildOutcomes } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import { isDecisionCode } from '../codes.ts';
import { sendOf, uniqueCodes } from '../decision.ts';
import type { ClaimInput, CloseFacts, Finding, FreezeInput, Unreadable } from '../facts.ts';
import { headerOf } from '../header.ts';
import { schemasUsed } from '../schemas.ts';
import type { Closing, GateState } from '../state.ts';
import { rerunOf, triggerOf } from '../trigger.ts';
import { type GateOutcome, refuseOnRecord } from './refusal.ts';

/**
 * How a build can end, seen from its decisions alone; a claim cannot say otherwise. What was stopped ends as its decisions say; what could
 * still go on may only be given up, which is a failure. Null where nothing has begun, or it has ended.
 */
export function outcomeOf(state: GateState): BuildOutcome | null {
  if (state.cancelled) return 'CANCELLED';
  switch (state.phase) {
    case 'PASSED':
      return 'COMPLETED';
    case 'OPEN':
    case 'BLOCKED':
      return 'FAILED';
    case 'STOPPED': {
      const stage = state.stopped?.stage ?? null;
      return stage === null ? 'FAILED' : (state.admission?.pipeline?.outcome_on_gate_fail[stage] ?? 'FAILED');
    }
    default:
      return null;
  }
}

/**
 * Fixes what the build is closed with and stops every other decision, so that the record can name them all.
 * The same claim again finds it fixed; one that says another outcome is refused `BUILD_TRANSITION_ILLEGAL`.
 */
export function decideFreeze(state: GateState, input: FreezeInput & { now: string }): GateOutcome {
  if (state.phase === 'CLOSED') return { ok: false, code: 'GATE_SUBJECT_CLOSED', detail: 'the record is sealed' };
  if (state.phase === 'CLOSING') return { ok: true, events: [], sends: [], alarms: [] };
  if (state.admission === null)
    return refuseOnRecord(state, input, ['GATE_SUBJECT_UNKNOWN'], 'no such build was admitted');
  const outcome = outcomeOf(state);
  const asked = buildOutcomes.find((known) => known === input.claim.detail.outcome);
  if (outcome === null || asked !== outcome) {
    return refuseOnRecord(
      state,
      input,
      ['BUILD_TRANSITION_ILLEGAL'],
      `the claim says ${asked ?? 'no outcome'}, the decisions say ${outcome ?? 'nothing'}`,
    );
  }
  const { detail, actor } = input.claim;
  const closing: Closing = {
    claim: input.digest,
    outcome,
    reason_codes:
      outcome === 'COMPLETED'
        ? []
        : [...(state.stopped?.reason_codes ?? input.claim.reason_codes.filter(isDecisionCode))],
    trigger: detail.trigger === undefined ? state.admission.trigger : triggerOf(detail, actor),
    rerun_of: rerunOf(detail) ?? state.admission.rerun_of,
  };
  return { ok: true, events: [{ type: 'FROZEN', closing }], sends: [], alarms: [] };
}

/**
 * What a build is closed with once it is known what of it cannot be read: nothing that was built on bytes nobody can show again has completed, so it
 * failed, for the reason the bytes give. Any other outcome stands.
 */
export const closedWith = (closing: Closing, unreadable: readonly Unreadable[]): Closing =>
  closing.outcome !== 'COMPLETED' || unreadable.length === 0
    ? closing
    : { ...closing, outcome: 'FAILED', reason_codes: uniqueCodes(unreadable.map(({ code }) => code)) };

/** Artifacts that a record may have to do without: the pipeline, and what stages made. */
function knownRefs(state: GateState): Set<Digest> {
  const outputs: ArtifactRef[] = Object.values(state.stages).flatMap((stage) => stage.accepted?.outputs ?? []);
  return new Set([
    ...outputs.map(({ ref }) => ref),
    ...(state.admission === null ? [] : [state.admission.pipeline_ref]),
  ]);
}

/** What a folded record lacks or contradicts, held against the gatekeeper's own decisions. */
export function recordFindings(
  state: GateState,
  record: BuildRecord,
  unreadable: readonly Unreadable[] = [],
): Finding[] {
  const closing = state.closing === null ? null : closedWith(state.closing, unreadable);
  const known = knownRefs(state);
  const unheard = unreadable
    .filter(({ ref }) => !known.has(ref))
    .map(
      ({ ref }): Finding => ({
        code: 'RECORD_INCOMPLETE',
        detail: `does without ${ref}, which is no part of the build`,
      }),
    );
  const named = new Set<string>(record.decisions.map((decision) => decision.digest));
  const missing = state.decisions
    .filter((digest) => !named.has(digest))
    .map((digest): Finding => ({ code: 'RECORD_INCOMPLETE', detail: `lacks ${digest}` }));
  const given = new Set<string>(state.decisions);
  const invented = [...named]
    .filter((digest) => !given.has(digest))
    .map((digest): Finding => ({ code: 'RECORD_INCOMPLETE', detail: `names ${digest}, which was never given` }));
  const facts = [
    record.tenant_id === state.tenant_id && record.build_id === state.build_id,
    record.outcome === closing?.outcome && sameCodes(record.reason_codes, closing.reason_codes),
    record.mandate_ref === state.admission?.mandate_ref && record.pipeline.ref === state.admission?.pipeline_ref,
    record.as_of === state.admission?.as_of,
    canonical(record.trigger) === canonical(closing?.trigger ?? null) &&
      record.rerun_of === (closing?.rerun_of ?? null),
    canonical(record.inputs.admitted) === canonical(state.admission?.admitted ?? []),
    canonical(record.schemas) === canonical(schemasUsed(state.admission?.schemas ?? null)),
    stagesAgree(state, record),
    kristalAgrees(state, record),
  ];
  const contradicts: Finding[] = facts.every(Boolean)
    ? []
    : [{ code: 'RECORD_INCOMPLETE', detail: 'contradicts what was admitted or decided' }];
  return [...missing, ...invented, ...unheard, ...contradicts];
}

/** Every stage that was decided has its row, with the decision and the outputs that were accepted here; no row says that another was. */
function stagesAgree({ stages }: GateState, record: BuildRecord): boolean {
  const rows = new Map(record.stages.map((row) => [row.stage as string, row]));
  const accepted = Object.entries(stages).flatMap(([stage, { accepted: by }]) => (by === null ? [] : [{ stage, by }]));
  const ended = record.stages.filter(({ status }) => status === 'PASS' || status === 'FAIL').length;
  return (
    ended === accepted.length &&
    accepted.every(({ stage, by }) => {
      const row = rows.get(stage);
      return (
        row?.status === by.verdict &&
        row.decision_digest === by.decision &&
        canonical(row.outputs) === canonical(by.outputs)
      );
    })
  );
}

/** A completed build shows the Kristal that its stages made, every file of it, and no other; one that did not complete shows none. */
function kristalAgrees({ stages, canon }: GateState, { outcome, outputs: { kristal } }: BuildRecord): boolean {
  const made = Object.values(stages).flatMap(({ accepted }) => accepted?.outputs ?? []);
  const refs = (kind: string) => canonical(made.filter((output) => output.kind === kind));
  if (kristal === null) return outcome !== 'COMPLETED' || canon.kristal_id === null || canon.pack_id === null;
  const { kristal_id, pack_id, exchange, exchange_manifest, pack_manifest, pack_files } = kristal;
  return (
    outcome === 'COMPLETED' &&
    kristal_id === canon.kristal_id &&
    pack_id === canon.pack_id &&
    refs('exchange') === canonical([exchange]) &&
    refs('exchange-manifest') === canonical([exchange_manifest]) &&
    refs('pack-manifest') === canonical([pack_manifest]) &&
    refs('pack-file') === canonical(pack_files)
  );
}

const sameCodes = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((code, i) => code === b[i]);

/** Signs off the record: the build's last leaf. A record that is not complete is refused on record and the build stays unrecorded. */
export function decideClose(state: GateState, input: ClaimInput & { now: string }, facts: CloseFacts): GateOutcome {
  if (state.phase !== 'CLOSING' || state.closing === null)
    return { ok: false, code: 'GATE_SUBJECT_CLOSED', detail: `the build is ${state.phase}` };
  const { unreadable } = facts;
  const closing = closedWith(state.closing, unreadable);
  const statement = facts.statement_artifact;
  const [found] = recordFindings(state, facts.record, unreadable);
  const first =
    found ?? (statement === null ? { code: 'RECORD_INCOMPLETE', detail: 'no statement over it' } : undefined);
  if (first !== undefined || statement === null) {
    const refusal = sendOf({
      ...headerOf(state, input),
      reason_codes: ['RECORD_INCOMPLETE'],
      detail: { why: first?.detail ?? '' },
    });
    return {
      ok: false,
      code: 'RECORD_INCOMPLETE',
      detail: first?.detail ?? '',
      events: [{ type: 'RECORD_REFUSED', decision: refusal.digest }],
      sends: [refusal],
    };
  }
  const kristal = facts.record.outputs.kristal;
  const send = sendOf({
    ...headerOf(state, input),
    kind: 'RECORD',
    verdict: 'PASS',
    final: true,
    reason_codes: closing.reason_codes,
    outputs: [facts.record_artifact, statement],
    rests_on: state.decisions.slice(-1),
    detail: {
      outcome: closing.outcome,
      trigger: closing.trigger,
      rerun_of: closing.rerun_of,
      unreadable: unreadable.map(({ ref }) => ref),
      kristal_id: kristal?.kristal_id ?? null,
      pack_id: kristal?.pack_id ?? null,
      record_hash: facts.record.record_hash,
      releasable: closing.outcome === 'COMPLETED' && kristal !== null && state.quarantined === null,
    },
  });
  return {
    ok: true,
    events: [{ type: 'RECORDED', decision: send.digest, outcome: closing.outcome }],
    sends: [send],
    alarms: [],
  };
}
