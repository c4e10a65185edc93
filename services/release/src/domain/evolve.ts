import { after, next } from '@orgo/core';
import type { NoteEvent, PhaseEvent, ReleaseEvent, StepEvent } from './events.ts';
import { evolveStep } from './evolve-step.ts';
import { historyLine } from './history.ts';
import { type Act, type Ending, newRun, type ReleaseState } from './state.ts';
import { releaseTable, stepTable } from './table.ts';

/** Lines kept for whoever looks; the `event` table keeps them all. */
const maxHistory = 200;
const maxAnswered = 64;

export const isPhaseEvent = (event: ReleaseEvent): event is PhaseEvent =>
  event.type.startsWith('Release') || event.type === 'VerifyRequested';
export const isStepEvent = (event: ReleaseEvent): event is StepEvent => 'step' in event;

/** What a release's phase is after an event. */
const moved = (state: ReleaseState, event: PhaseEvent): ReleaseState => ({
  ...state,
  phase: next(releaseTable, state.phase, event.type) ?? state.phase,
  changes: state.changes + 1,
});

const acted = (state: ReleaseState, act: Act | null): Act[] => (act === null ? state.acts : [...state.acts, act]);

/** Nothing is in flight any more: what a deadline or a window could still do is over. */
const ended = (state: ReleaseState): ReleaseState => ({
  ...state,
  wanted: null,
  blocked: null,
  paused: null,
  runs: state.runs.map((run) => ({
    ...run,
    asked: false,
    deadline_at: null,
    offline_at: null,
    soak_until: null,
    measure_at: null,
  })),
});

function evolvePhase(before: ReleaseState, event: PhaseEvent): ReleaseState {
  const state = moved(before, event);
  switch (event.type) {
    case 'ReleaseCreated':
      return {
        ...state,
        ...event.asked,
        created_at: event.at,
        deadline_at: after(event.at, event.asked.plan.deadlines.release_ms),
      };
    case 'VerifyRequested':
      return { ...state, eligible: event.eligible, steps: event.steps, runs: event.steps.map(() => newRun) };
    case 'ReleaseVerified':
      return { ...state, authorization: event.authorization ?? null };
    case 'ReleasePublished':
      return {
        ...state,
        place: { release_seq: event.release_seq, pack_seq: event.pack_seq, at: event.at },
        wanted: null,
      };
    case 'ReleasePaused': {
      const { codes, act, finding } = event;
      // Only an ordinary end is paused, where the gatekeeper did not seal it: it is asked for anew.
      return {
        ...state,
        ending: null,
        paused: { codes, act },
        finding: finding ?? state.finding,
        reason_codes: codes,
        acts: acted(state, act),
      };
    }
    case 'ReleaseResumed':
      return { ...state, paused: null, blocked: null, finding: null, reason_codes: [], acts: acted(state, event.act) };
    case 'ReleaseStopped': {
      const { to, trigger, codes, finding, act } = event;
      const ending: Ending = { to, trigger, codes, act, finding, withdrawn: false, rollback: null, closing: null };
      const stopped = ended(state);
      return { ...stopped, ending, finding: finding ?? state.finding, reason_codes: codes, acts: acted(state, act) };
    }
    case 'ReleaseCompleted':
      return { ...ended(state), reason_codes: [], acts: [] };
    case 'ReleaseRolledBack':
      return { ...ended(state), acts: [] };
    case 'ReleaseFailed':
      return { ...ended(state), reason_codes: event.codes, acts: [] };
    case 'ReleaseCanceled':
      return { ...ended(state), acts: [] };
    default:
      return event satisfies never;
  }
}

const withEnding = (state: ReleaseState, part: Partial<Ending>): ReleaseState =>
  state.ending === null ? state : { ...state, ending: { ...state.ending, ...part } };

/** The ordinary end: every step is done. */
const completing = (state: ReleaseState, at: string): Ending => ({
  to: 'RELEASED',
  trigger: null,
  codes: [],
  act: { action: 'create', actor: state.actor, reason: state.reason, at },
  finding: null,
  withdrawn: false,
  rollback: null,
  closing: null,
});

function evolveNote(state: ReleaseState, event: NoteEvent): ReleaseState {
  switch (event.type) {
    case 'ChannelAsked':
      return { ...state, wanted: event.wanted, blocked: null };
    case 'ChannelSeen':
      return { ...state, seen: event.seen, blocked: null };
    case 'ChannelRefused':
      return { ...state, wanted: null, blocked: { code: event.code, detail: event.detail } };
    case 'EndingBegun':
      return { ...state, ending: completing(state, event.at) };
    case 'OfferWithdrawn':
      return { ...withEnding(state, { withdrawn: true }), wanted: null };
    case 'RollbackAsked':
      return withEnding(state, {
        rollback: { status: 'ASKED', code: null, to_pack_id: null, deadline_at: event.deadline_at },
      });
    case 'RollbackAnswered': {
      const { done, code, to_pack_id } = event;
      const asked = state.ending?.rollback ?? null;
      if (asked === null) return state;
      return withEnding(state, { rollback: { ...asked, status: done ? 'DONE' : 'REFUSED', code, to_pack_id } });
    }
    case 'CloseAsked':
      return withEnding(state, { closing: event.status });
    case 'RequestAnswered':
      return { ...state, answered: [...state.answered, { key: event.key, digest: event.digest }].slice(-maxAnswered) };
    default:
      return event satisfies never;
  }
}

/** Whether the tables let an event happen now. */
export function isAllowed(state: ReleaseState, event: ReleaseEvent): boolean {
  if (isPhaseEvent(event)) return next(releaseTable, state.phase, event.type) !== undefined;
  if (isStepEvent(event)) return next(stepTable, (state.runs[event.step] ?? newRun).state, event.type) !== undefined;
  return state.phase !== 'NEW';
}

/** Folds an event that was decided. Total: it refuses nothing, and folding all events of a release gives its stored state. */
export function evolve(before: ReleaseState, event: ReleaseEvent): ReleaseState {
  const line = historyLine(event);
  const history = line === null ? before.history : [...before.history, line].slice(-maxHistory);
  const state = { ...before, history, version: before.version + 1 };
  if (isStepEvent(event)) return evolveStep(state, event);
  return isPhaseEvent(event) ? evolvePhase(state, event) : evolveNote(state, event);
}
