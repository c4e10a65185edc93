import type { Outcome, TransitionTable } from '@orgo/core';
import type { Timed } from '../inputs.ts';
import type { CaseOpening } from '../sends.ts';
import type { CasePhase, CaseState } from './state.ts';

/** Opens a Case about a build. Its id was minted when the build's turn was written, so a redelivery opens no second one. */
export type OpenCase = {
  type: 'open';
  tenant_id: string;
  case_id: string;
  build_id: string;
  opening: CaseOpening;
};

export type CaseEvent = { type: 'CaseOpened'; at: string } & Omit<OpenCase, 'type' | 'tenant_id' | 'case_id'>;

/** The Case machine as far as it goes now: Cases are opened; working on them comes with Tasks. */
export const caseTable: TransitionTable<'NEW' | 'OPEN', CaseEvent['type']> = { NEW: { CaseOpened: 'OPEN' }, OPEN: {} };

export const caseKeyOf = (input: OpenCase): { tenant_id: string; id: string } => ({
  tenant_id: input.tenant_id,
  id: input.case_id,
});
export const casePhaseOf = (state: CaseState): CasePhase => state.phase;

/** Opening an open Case again changes nothing. */
export const decideCase = (state: CaseState, input: Timed<OpenCase>): Outcome<CaseEvent, never, never> => {
  const { now, opening, build_id } = input;
  const events: CaseEvent[] = state.phase === 'NEW' ? [{ type: 'CaseOpened', at: now, build_id, opening }] : [];
  return { ok: true, events, sends: [], alarms: [] };
};

export const evolveCase = (state: CaseState, event: CaseEvent): CaseState => {
  const { about: _about, ...facts } = event.opening;
  return {
    ...state,
    ...facts,
    phase: 'OPEN',
    build_id: event.build_id,
    created_at: event.at,
    updated_at: event.at,
    audit: [
      ...state.audit,
      {
        at: event.at,
        event_type: 'CASE_OPENED',
        actor: { kind: 'service', id: 'orchestrator' },
        reason: event.opening.reason_codes.join(' '),
      },
    ],
  };
};
