import type { BuildOutcome, BuildRecord } from '@orgo/contracts';
import { buildOutcomes } from '@orgo/contracts';
import { sendOf } from '../decision.ts';
import type { ClaimInput, CloseFacts, Finding, FreezeInput } from '../facts.ts';
import { blankDecision } from '../header.ts';
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
    reason_codes: outcome === 'COMPLETED' ? [] : [...(state.stopped?.reason_codes ?? input.claim.reason_codes)],
    trigger: detail.trigger === undefined ? state.admission.trigger : triggerOf(detail, actor),
    rerun_of: rerunOf(detail) ?? state.admission.rerun_of,
  };
  return { ok: true, events: [{ type: 'FROZEN', closing }], sends: [], alarms: [] };
}

/** What a folded record lacks or contradicts, held against the gatekeeper's own decisions. */
export function recordFindings(state: GateState, record: BuildRecord): Finding[] {
  const named = new Set<string>(record.decisions.map((decision) => decision.digest));
  const missing = state.decisions
    .filter((digest) => !named.has(digest))
    .map((digest) => ({ code: 'RECORD_INCOMPLETE', detail: `lacks ${digest}` }));
  const given = new Set<string>(state.decisions);
  const invented = [...named]
    .filter((digest) => !given.has(digest))
    .map((digest) => ({ code: 'RECORD_INCOMPLETE', detail: `names ${digest}, which was never given` }));
  const kristal = record.outputs.kristal;
  const facts = [
    record.tenant_id === state.tenant_id && record.build_id === state.build_id,
    record.outcome === state.closing?.outcome,
    record.mandate_ref === state.admission?.mandate_ref && record.pipeline.ref === state.admission?.pipeline_ref,
    record.as_of === state.admission?.as_of,
    kristal === null || (kristal.kristal_id === state.canon.kristal_id && kristal.pack_id === state.canon.pack_id),
    record.outcome === 'COMPLETED' || kristal === null,
  ];
  const contradicts = facts.every(Boolean)
    ? []
    : [{ code: 'RECORD_INCOMPLETE', detail: 'contradicts what was admitted or decided' }];
  return [...missing, ...invented, ...contradicts];
}

/** Signs off the record: the build's last leaf. A record that is not complete is refused on record and the build stays unrecorded. */
export function decideClose(state: GateState, input: ClaimInput & { now: string }, facts: CloseFacts): GateOutcome {
  const { closing } = state;
  if (state.phase !== 'CLOSING' || closing === null)
    return { ok: false, code: 'GATE_SUBJECT_CLOSED', detail: `the build is ${state.phase}` };
  const statement = facts.statement_artifact;
  const [found] = recordFindings(state, facts.record);
  const first =
    found ?? (statement === null ? { code: 'RECORD_INCOMPLETE', detail: 'no statement over it' } : undefined);
  if (first !== undefined || statement === null) {
    const refusal = sendOf({
      ...blankDecision(state, input),
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
    ...blankDecision(state, input),
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
