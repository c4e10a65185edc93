import type { BuildEvent, Ending } from './events.ts';
import type { BuildState, OpenStage, Phase, StageResult } from './state.ts';
import { buildTable } from './table.ts';

const moved = (
  state: BuildState,
  event: keyof (typeof buildTable)[Phase] & string,
): Pick<BuildState, 'phase' | 'changes'> => ({
  phase: (buildTable[state.phase] as Partial<Record<string, Phase>>)[event] ?? state.phase,
  changes: state.changes + 1,
});

const ended = (
  state: BuildState,
  event: Ending & { type: 'BuildCompleted' | 'BuildValidationFailed' | 'BuildFailed' | 'BuildCancelled' },
): BuildState => ({
  ...state,
  ...moved(state, event.type),
  open: null,
  ready: null,
  reason_codes: event.reason_codes,
  record_ref: event.record_ref,
  kristal_id: event.kristal_id,
  pack_id: event.pack_id,
});

const opened = (state: BuildState, change: Partial<OpenStage>): BuildState =>
  state.open === null ? state : { ...state, open: { ...state.open, ...change } };

type Commanded = Extract<BuildEvent, { type: 'StageCommanded' }>;

const commanded = (state: BuildState, event: Commanded): BuildState => {
  const permission = state.ready ?? state.open;
  if (permission === null) return state;
  const { stage, inputs, authorization_digest, decision_digest, idem_key } = permission;
  const { attempt, budget_from, epoch, command_digest, not_after } = event;
  const open: OpenStage = {
    ...{ stage, inputs, authorization_digest, decision_digest, idem_key },
    ...{ attempt, budget_from, epoch, command_digest, not_after },
    phase: 'COMMANDED',
    fence: null,
    claim_digest: null,
    asked_by: '',
    due: false,
    reason_codes: [],
    log_index: null,
    report: null,
  };
  return { ...state, ready: null, open };
};

const decided = (state: BuildState, result: StageResult): BuildState => ({
  ...state,
  open: state.open?.stage === result.stage ? null : state.open,
  stages: [...state.stages, result],
});

/** Folds an event that was decided. Total: it refuses nothing, and folding all events of a build gives its stored state. */
export function evolve(state: BuildState, event: BuildEvent): BuildState {
  switch (event.type) {
    case 'BuildCreated':
      return { ...state, ...event.admitted, ...moved(state, event.type), as_of: event.at, created_at: event.at };
    case 'BuildAdmitted':
    case 'BuildPaused':
    case 'BuildResumed':
    case 'BuildAdmissionAskedAgain':
      return { ...state, ...moved(state, event.type), reason_codes: [] };
    case 'BuildBlocked':
      return { ...state, ...moved(state, event.type), reason_codes: event.reason_codes };
    case 'BuildClosing':
      return {
        ...state,
        ...moved(state, event.type),
        reason_codes: event.reason_codes,
        ready: null,
        closing: {
          outcome: event.outcome,
          asked: event.asked,
          actor: event.actor,
          reason: event.reason,
          attempt: 1,
          claim_digest: null,
          refused: [],
        },
      };
    case 'BuildCompleted':
    case 'BuildValidationFailed':
    case 'BuildFailed':
    case 'BuildCancelled':
      return ended(state, event);
    case 'CloseAsked':
      return state.closing === null ? state : { ...state, closing: { ...state.closing, asked: 'CLOSE', attempt: 1 } };
    case 'ClaimAsked':
      return state.closing === null
        ? opened(state, { claim_digest: event.digest })
        : { ...state, closing: { ...state.closing, claim_digest: event.digest } };
    case 'ClaimRefused':
      return state.closing === null ? state : { ...state, closing: { ...state.closing, refused: event.reason_codes } };
    case 'ClaimAskedAgain':
      return state.closing === null
        ? state
        : { ...state, closing: { ...state.closing, refused: [], attempt: state.closing.attempt + 1 } };
    case 'ClaimRepeated':
    case 'ActRefused':
      return state;
    case 'RerunCompared':
      return { ...state, differences: event.differences };
    case 'StageAuthorized':
      return { ...state, ready: event.permission };
    case 'StageCommanded':
      return commanded(state, event);
    case 'StageFenceAsked':
      return opened(state, {
        phase: 'FENCING',
        fence: event.fence,
        budget_from: event.budget_from,
        asked_by: event.actor,
        due: false,
        reason_codes: event.reason_codes,
      });
    case 'StageFenced':
      return opened(state, { phase: 'WAITING_RETRY', epoch: event.epoch, fence: null });
    case 'StageAttemptFailed':
      return opened(state, {
        phase: 'WAITING_RETRY',
        epoch: event.epoch,
        fence: null,
        reason_codes: event.reason_codes,
      });
    case 'StageRetryDue':
      return opened(state, { due: true });
    case 'StageExhausted':
      return opened(state, { phase: 'FENCING', fence: null, reason_codes: event.reason_codes });
    case 'StageErrored':
      return opened(state, {
        phase: 'ERROR',
        fence: null,
        reason_codes: event.reason_codes,
        log_index: event.log_index,
        report: event.report,
      });
    case 'StagePassed':
    case 'StageFailed':
      return decided(state, event.result);
    default:
      return event satisfies never;
  }
}
