import { type No, no, type PersonAct, type Timed } from '../inputs.ts';
import { awaitsAdmission, type BuildState, type Permission } from '../state.ts';
import { reopen } from './attempts.ts';
import * as claims from './claims.ts';
import { askEndAgain, beginClosing } from './closing.ts';
import { freshKey, issueAgain, issueFirst } from './issue.ts';
import { and, nothing, type Yes, yes } from './outcome.ts';
import { askAgain } from './unanswered.ts';

const illegal = (state: BuildState, act: string): No =>
  no('BUILD_TRANSITION_ILLEGAL', `a build that is ${state.phase} cannot ${act}`);

/**
 * The gatekeeper cancels only what it has admitted. What asks for the admission may have been committed by another process and still lie behind what is said
 * here, so it is said again before: of one commit the order is kept, and whoever has it takes it for a duplicate.
 */
function cancel(state: BuildState, { actor, reason }: PersonAct): Yes | No {
  if (
    !(state.phase === 'CREATED' || state.phase === 'RUNNING' || state.phase === 'PAUSED' || state.phase === 'BLOCKED')
  )
    return illegal(state, 'be cancelled');
  const cancelledBy = { actor, reason };
  const closing = beginClosing(state, { outcome: 'CANCELLED', reason_codes: ['BUILD_CANCELLED'], cancelledBy });
  return awaitsAdmission(state) ? { ...closing, sends: [claims.admit(state), ...closing.sends] } : closing;
}

const pause = (state: BuildState, { actor, reason }: PersonAct): Yes | No =>
  state.phase === 'RUNNING' ? yes({ events: [{ type: 'BuildPaused', actor, reason }] }) : illegal(state, 'be paused');

/** The stored key of the stage to go on with is compared with what its inputs give now; it is never replaced by that (ID-09). */
const keyHolds = (state: BuildState, stage: Permission): boolean => freshKey(state, stage) === stage.idem_key;

/** Takes up what the hold left: an authorized stage, a retry that came due, or a blocked stage behind a new fence. */
function takeUp(state: BuildState, actor: string, now: string): Yes {
  if (state.ready !== null) return issueFirst(state, state.ready, now);
  if (state.open?.phase === 'WAITING_RETRY' && state.open.due) return issueAgain(state, state.open, now);
  return state.open?.phase === 'ERROR' ? reopen(state, state.open, actor) : nothing;
}

function resume(state: BuildState, { actor, reason, now }: Timed<PersonAct>): Yes | No {
  if (state.closing !== null && state.closing.refused.length > 0) return askEndAgain(state);
  if (state.phase !== 'PAUSED' && state.phase !== 'BLOCKED') return illegal(state, 'be resumed');
  if (awaitsAdmission(state))
    return and(state, yes({ events: [{ type: 'BuildAdmissionAskedAgain', actor, reason }] }), askAgain);
  const stage = state.ready ?? state.open;
  if (stage !== null && !keyHolds(state, stage)) {
    return no('KEY_REVALIDATION_FAILED', `the key of ${stage.stage} is not what its inputs give`);
  }
  return and(state, yes({ events: [{ type: 'BuildResumed', actor, reason }] }), (running) =>
    state.phase === 'BLOCKED' && state.open?.phase === 'FENCING' ? askAgain(running) : takeUp(running, actor, now),
  );
}

/** A refused act is an event, too: it is on record, and who asks again under its key gets the answer that was given. */
const onRecord = (refused: No, { type: act, request, actor, reason }: PersonAct): No => ({
  ...refused,
  events: [{ type: 'ActRefused', act, request, actor, reason, code: refused.code }],
});

/** What a person may ask of a build. Refuses with `BUILD_NOT_FOUND`, `BUILD_TRANSITION_ILLEGAL`, `KEY_REVALIDATION_FAILED`. */
export function decidePerson(state: BuildState, input: Timed<PersonAct>): Yes | No {
  if (state.phase === 'NEW') return no('BUILD_NOT_FOUND', `no build ${input.build_id}`);
  const decision = act(state, input);
  return decision.ok ? decision : onRecord(decision, input);
}

function act(state: BuildState, input: Timed<PersonAct>): Yes | No {
  switch (input.type) {
    case 'cancel':
      return cancel(state, input);
    case 'pause':
      return pause(state, input);
    case 'resume':
      return resume(state, input);
    default:
      return input.type satisfies never;
  }
}
