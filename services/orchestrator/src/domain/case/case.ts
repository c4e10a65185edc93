import type { Digest } from '@orgo/contracts';
import type { Outcome, TransitionTable } from '@orgo/core';
import type { Timed } from '../inputs.ts';
import type { CaseOpening } from '../sends.ts';
import { type DecidedCase, isDone, movedTasks, movesFor, openingFor, type TaskMove } from './remedy.ts';
import type { CaseEntry, CasePhase, CaseState, LetterMark } from './state.ts';

/** Opens a Case about a build. Its id was minted when the build's turn was written, so a redelivery opens no second one. */
export type OpenCase = {
  type: 'open';
  tenant_id: string;
  case_id: string;
  build_id: string | null;
  opening: CaseOpening;
};

/** What a person says about a document that the Case is about: take it again with the next build, or never. */
export type MarkLetter = {
  type: 'mark';
  tenant_id: string;
  case_id: string;
  build_id: string;
  ref: Digest;
  status: LetterMark['status'];
  actor: string;
  reason: string;
};

export type CaseInput = OpenCase | MarkLetter | DecidedCase;

export type CaseEvent =
  | ({ type: 'CaseOpened'; at: string; by?: { actor: string; decision_digest: Digest } } & Omit<
      OpenCase,
      'type' | 'tenant_id' | 'case_id'
    >)
  | { type: 'TasksMoved'; at: string; actor: string; decision_digest: Digest; reason: string; moves: TaskMove[] }
  | { type: 'CaseClosed'; at: string; actor: string; reason: string }
  | ({ type: 'LetterMarked'; at: string } & Omit<MarkLetter, 'type' | 'tenant_id' | 'case_id' | 'build_id'>);

/**
 * The Case machine: Cases are opened; those with Tasks follow sealed decisions to their end, which a person brings. A mark on a letter changes no
 * phase.
 */
export const caseTable: TransitionTable<'NEW' | 'OPEN' | 'COMPLETED', 'CaseOpened' | 'TasksMoved' | 'CaseClosed'> = {
  NEW: { CaseOpened: 'OPEN' },
  OPEN: { TasksMoved: 'OPEN', CaseClosed: 'COMPLETED' },
  COMPLETED: {},
};

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
  if (input.type === 'decided') return { ok: true, events: decided(state, input), sends: [], alarms: [] };
  if (state.phase === 'NEW' || state.type !== 'dead-letter')
    return { ok: false, code: 'DEADLETTER_NOT_FOUND', detail: `${input.case_id} is about no dead letter` };
  const { ref, status, actor, reason } = input;
  const same = state.marks?.[ref]?.status === status;
  const events: CaseEvent[] = same ? [] : [{ type: 'LetterMarked', at: now, ref, status, actor, reason }];
  return { ok: true, events, sends: [], alarms: [] };
};

/** What a sealed decision makes of a Case: it opens it once, and moves its tasks after that. */
function decided(state: CaseState, { decision, decision_digest, now }: Timed<DecidedCase>): CaseEvent[] {
  if (state.phase === 'NEW') {
    const opening = openingFor(decision);
    const by = { actor: decision.actor, decision_digest };
    return opening === null ? [] : [{ type: 'CaseOpened', at: now, build_id: null, opening, by }];
  }
  const tasks = state.tasks ?? [];
  const moves = movesFor(tasks, decision);
  if (state.phase !== 'OPEN' || moves.length === 0) return [];
  const { actor } = decision;
  const reason = String(decision.detail.reason ?? '');
  const moved: CaseEvent = { type: 'TasksMoved', at: now, actor, decision_digest, reason, moves };
  const after = movedTasks(tasks, moves, { at: now, actor, decision_digest });
  return isDone(after) ? [moved, { type: 'CaseClosed', at: now, actor, reason }] : [moved];
}

export const evolveCase = (state: CaseState, event: CaseEvent): CaseState => {
  switch (event.type) {
    case 'CaseOpened':
      return opened(state, event);
    case 'LetterMarked':
      return marked(state, event);
    case 'TasksMoved':
      return tasked(state, event);
    case 'CaseClosed':
      return {
        ...state,
        phase: 'COMPLETED',
        updated_at: event.at,
        audit: [...state.audit, entryOf(event, 'CASE_CLOSED')],
      };
    default:
      return event satisfies never;
  }
};

const entryOf = (
  { at, actor, reason }: { at: string; actor: string; reason: string },
  event_type: string,
): CaseEntry => ({
  at,
  event_type,
  actor: { kind: actor === 'release' ? 'service' : 'user', id: actor },
  reason,
});

const tasked = (state: CaseState, event: Extract<CaseEvent, { type: 'TasksMoved' }>): CaseState => ({
  ...state,
  updated_at: event.at,
  tasks: movedTasks(state.tasks ?? [], event.moves, event),
  audit: [
    ...state.audit,
    ...event.moves.map(({ task, status }) =>
      entryOf({ ...event, reason: `${task}: ${event.reason}` }, `TASK_${status}`),
    ),
  ],
});

const opened = (state: CaseState, event: Extract<CaseEvent, { type: 'CaseOpened' }>): CaseState => {
  const { about: _about, tasks = [], ...facts } = event.opening;
  return {
    ...state,
    ...facts,
    phase: 'OPEN',
    build_id: event.build_id,
    ...(event.by && { tasks: movedTasks([], tasks, { at: event.at, ...event.by }) }),
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
