import type { Digest } from '@orgo/contracts';
import type { Outcome, TransitionTable } from '@orgo/core';
import type { Timed } from '../inputs.ts';
import type { CaseOpening } from '../sends.ts';
import type { CasePhase, CaseState, LetterMark } from './state.ts';

/** Opens a Case about a build. Its id was minted when the build's turn was written, so a redelivery opens no second one. */
export type OpenCase = {
  type: 'open';
  tenant_id: string;
  case_id: string;
  build_id: string;
  opening: CaseOpening;
};

/** What a person says about a document that the Case is about: take it again with the next build, or never. */
export type MarkLetter = {
  type: 'mark';
  tenant_id: string;
  case_id: string;
  ref: Digest;
  status: LetterMark['status'];
  actor: string;
  reason: string;
};

export type CaseInput = OpenCase | MarkLetter;

export type CaseEvent =
  | ({ type: 'CaseOpened'; at: string } & Omit<OpenCase, 'type' | 'tenant_id' | 'case_id'>)
  | ({ type: 'LetterMarked'; at: string } & Omit<MarkLetter, 'type' | 'tenant_id' | 'case_id'>);

/** The Case machine as far as it goes now: Cases are opened; working on them comes with Tasks. A mark on a letter changes no phase. */
export const caseTable: TransitionTable<'NEW' | 'OPEN', 'CaseOpened'> = { NEW: { CaseOpened: 'OPEN' }, OPEN: {} };

export const caseKeyOf = (input: CaseInput): { tenant_id: string; id: string } => ({
  tenant_id: input.tenant_id,
  id: input.case_id,
});
export const casePhaseOf = (state: CaseState): CasePhase => state.phase;

/** Opening an open Case again changes nothing, and so does saying the same of a letter again. */
export const decideCase = (state: CaseState, input: Timed<CaseInput>): Outcome<CaseEvent, never, never> => {
  const { now } = input;
  if (input.type === 'open') {
    const { opening, build_id } = input;
    const events: CaseEvent[] = state.phase === 'NEW' ? [{ type: 'CaseOpened', at: now, build_id, opening }] : [];
    return { ok: true, events, sends: [], alarms: [] };
  }
  if (state.phase === 'NEW' || state.type !== 'dead-letter')
    return { ok: false, code: 'DEADLETTER_NOT_FOUND', detail: `${input.case_id} is about no dead letter` };
  const { ref, status, actor, reason } = input;
  const same = state.marks?.[ref]?.status === status;
  const events: CaseEvent[] = same ? [] : [{ type: 'LetterMarked', at: now, ref, status, actor, reason }];
  return { ok: true, events, sends: [], alarms: [] };
};

export const evolveCase = (state: CaseState, event: CaseEvent): CaseState =>
  event.type === 'CaseOpened' ? opened(state, event) : marked(state, event);

const opened = (state: CaseState, event: Extract<CaseEvent, { type: 'CaseOpened' }>): CaseState => {
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

const marked = (state: CaseState, event: Extract<CaseEvent, { type: 'LetterMarked' }>): CaseState => {
  const { at, ref, status, actor, reason } = event;
  return {
    ...state,
    updated_at: at,
    marks: { ...state.marks, [ref]: { status, at, actor, reason } },
    audit: [
      ...state.audit,
      { at, event_type: `LETTER_${status}`, actor: { kind: 'user', id: actor }, reason: `${ref} ${reason}` },
    ],
  };
};
