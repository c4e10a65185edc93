import type { Digest } from '@orgo/contracts';
import { next } from '@orgo/core';
import type { GateEvent } from './events.ts';
import type { GateState, Opened, Seen, StageGate } from './state.ts';
import { gateTable } from './table.ts';

/** Replies remembered per stage; more than the attempts a pipeline allows. */
const maxSeen = 16;

const opened = (open: Opened): StageGate => ({
  authorization: open.authorization,
  inputs: open.inputs,
  opened_by: open.opened_by,
  fence: 1,
  exhausted: false,
  accepted: null,
  seen: [],
});

const withStage = (state: GateState, stage: string, change: Partial<StageGate>): GateState['stages'] => {
  const current = state.stages[stage];
  return current === undefined ? state.stages : { ...state.stages, [stage]: { ...current, ...change } };
};

const remembered = (stage: StageGate | undefined, seen: Seen | null): Seen[] =>
  seen === null ? (stage?.seen ?? []) : [...(stage?.seen ?? []), seen].slice(-maxSeen);

const given = (state: GateState, decision: Digest | null): Digest[] =>
  decision === null ? state.decisions : [...state.decisions, decision];

/** Folds a decided event. Total: an event that the table does not know in this phase leaves the phase as it is. */
export function evolveGate(state: GateState, event: GateEvent): GateState {
  const phase = next(gateTable, state.phase, event.type) ?? state.phase;
  const base = { ...state, phase, decisions: given(state, 'decision' in event ? event.decision : null) };
  switch (event.type) {
    case 'ADMITTED':
      return {
        ...base,
        admission: event.admission,
        stages: { ...state.stages, [event.open.stage]: opened(event.open) },
      };
    case 'REJECTED':
      return { ...base, admission: event.admission, stopped: { stage: null, reason_codes: event.reason_codes } };
    case 'STAGE_PASSED': {
      const stages = withStage(state, event.stage, { accepted: event.accepted, exhausted: false });
      return { ...base, canon: event.canon, stages: { ...stages, [event.open.stage]: opened(event.open) } };
    }
    case 'LAST_STAGE_PASSED':
      return {
        ...base,
        canon: event.canon,
        stages: withStage(state, event.stage, { accepted: event.accepted, exhausted: false }),
      };
    case 'STAGE_FAILED':
      return {
        ...base,
        stages: withStage(state, event.stage, { accepted: event.accepted, exhausted: false }),
        stopped: { stage: event.stage, reason_codes: event.reason_codes },
      };
    case 'STAGE_EXHAUSTED':
      return {
        ...base,
        stages: withStage(state, event.stage, { exhausted: true, fence: event.fence }),
        stopped: { stage: event.stage, reason_codes: event.reason_codes },
      };
    case 'ATTEMPT_FAILED':
      return { ...base, stages: withStage(state, event.stage, { fence: event.fence }) };
    case 'FENCED':
      return {
        ...base,
        stages: withStage(state, event.stage, { fence: event.fence, exhausted: false }),
        stopped: null,
      };
    case 'NOTED': {
      const noted = { ...base, noted: state.noted + 1 };
      if (event.stage === null || event.seen === null) return noted;
      return {
        ...noted,
        stages: withStage(state, event.stage, { seen: remembered(state.stages[event.stage], event.seen) }),
      };
    }
    case 'QUARANTINED':
      return { ...base, quarantined: { stage: event.stage, adapter: event.adapter, decision: event.decision } };
    case 'CANCELLED':
      return { ...base, cancelled: true, stopped: { stage: null, reason_codes: event.reason_codes } };
    case 'FROZEN':
      return { ...base, closing: event.closing };
    case 'RECORD_REFUSED':
      return { ...base, noted: state.noted + 1 };
    case 'RECORDED':
      return { ...base, record: { decision: event.decision, outcome: event.outcome } };
  }
}
