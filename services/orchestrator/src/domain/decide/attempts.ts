import { reasonAreas } from '@orgo/contracts';
import { backoffMs } from '@orgo/core';
import type { AttemptAlarmFired, Receipt, Resend, Timed } from '../inputs.ts';
import { type BuildState, isHeld, type OpenStage } from '../state.ts';
import * as claims from './claims.ts';
import { commandOf, definitionOf, issueAgain, leaseAlarm, retryAlarm } from './issue.ts';
import { and, nothing, type Yes, yes } from './outcome.ts';

/** The open stage, when an input speaks of it; what speaks of an earlier one comes too late to matter. */
const openOf = (state: BuildState, stage: string | null): OpenStage | null =>
  state.open?.stage === stage ? state.open : null;

/** Asks for a fence one above the newest command. */
function askFence(
  state: BuildState,
  open: OpenStage,
  codes: string[],
  by: { actor?: string; budget_from?: number } = {},
): Yes {
  const at = open.epoch + 1;
  const actor = by.actor ?? claims.self;
  const asked = yes({
    events: [
      {
        type: 'StageFenceAsked',
        stage: open.stage,
        fence: at,
        budget_from: by.budget_from ?? open.budget_from,
        actor,
        reason_codes: codes,
      },
    ],
    alarms: [{ cancel: leaseAlarm(open) }],
  });
  return and(state, asked, (now) => (now.open === null ? nothing : claims.ask(claims.fence(now, now.open, at, actor))));
}

/** A blocked stage is tried again: behind a new fence, with a new budget of attempts. */
export const reopen = (state: BuildState, open: OpenStage, actor: string): Yes =>
  askFence(state, open, open.reason_codes, { actor, budget_from: open.attempt + 1 });

/** After a failed and fenced attempt: the next one when its backoff is over, or the end of the attempts. */
function retryOrGiveUp(state: BuildState): Yes {
  const { open } = state;
  if (open === null) return nothing;
  const { max_attempts, backoff } = definitionOf(state, open.stage);
  const used = open.attempt - open.budget_from + 1;
  if (used >= max_attempts) {
    const over = yes({ events: [{ type: 'StageExhausted', stage: open.stage, reason_codes: open.reason_codes }] });
    return and(state, over, (now) => (now.open === null ? nothing : claims.ask(claims.exhausted(now, now.open))));
  }
  const seed = `${state.build_id} ${open.stage} ${open.epoch}`;
  // A new budget starts at once: a person waits for it.
  const due_in_ms = used < 1 ? 0 : backoffMs(used, { baseMs: backoff.base_ms, maxMs: backoff.max_ms, seed });
  const { stage, attempt, epoch } = open;
  return yes({ alarms: [{ id: retryAlarm(open), kind: 'retry', due_in_ms, data: { stage, attempt, epoch } }] });
}

/** The lease of an attempt is over, or its backoff: a no-op for any attempt but the newest. */
export function decideAlarm(state: BuildState, input: Timed<AttemptAlarmFired>): Yes {
  const open = openOf(state, input.stage);
  if (open === null || open.attempt !== input.attempt || open.epoch !== input.epoch || state.phase === 'CLOSING')
    return nothing;
  if (input.kind === 'lease') return open.phase === 'COMMANDED' ? askFence(state, open, ['STAGE_TIMEOUT']) : nothing;
  if (open.phase !== 'WAITING_RETRY') return nothing;
  return isHeld(state)
    ? yes({ events: [{ type: 'StageRetryDue', stage: open.stage }] })
    : issueAgain(state, open, input.now);
}

/** The gatekeeper fenced the stage. LOST says that a decision was faster: its own receipt moves the build. */
export function decideFence(state: BuildState, { decision, log_index }: Timed<Receipt>): Yes {
  const open = openOf(state, decision.stage);
  if (open === null || open.phase !== 'FENCING' || open.fence !== decision.epoch || decision.verdict !== 'FENCED')
    return nothing;
  const fenced = yes({ events: [{ type: 'StageFenced', stage: open.stage, epoch: decision.epoch, log_index }] });
  return and(state, fenced, retryOrGiveUp);
}

/** An attempt ended in a transient error; the gatekeeper raised the fence in the same decision. */
export function decideAttempt(state: BuildState, { decision, log_index }: Timed<Receipt>): Yes {
  const open = openOf(state, decision.stage);
  if (open === null || open.epoch !== decision.epoch || (open.phase !== 'COMMANDED' && open.phase !== 'FENCING'))
    return nothing;
  const failed = yes({
    events: [
      {
        type: 'StageAttemptFailed',
        stage: open.stage,
        epoch: open.epoch + 1,
        reason_codes: decision.reason_codes,
        log_index,
      },
    ],
    alarms: [{ cancel: leaseAlarm(open) }],
  });
  return and(state, failed, retryOrGiveUp);
}

/** The stage stops where a person has to look. */
export function block(state: BuildState, open: OpenStage, codes: string[], { decision, log_index }: Receipt): Yes {
  const errored = yes({
    events: [{ type: 'StageErrored', stage: open.stage, reason_codes: codes, log_index, report: decision.report }],
    alarms: [{ cancel: leaseAlarm(open) }],
  });
  return state.phase === 'BLOCKED'
    ? errored
    : and(state, errored, () => yes({ events: [{ type: 'BuildBlocked', reason_codes: codes }] }));
}

/**
 * Something was refused on record. A claim of ours that is not granted is for a person. A refused command moves nothing before its lease is over, even
 * one of ours: nobody signs for a command together with the authorization it travels with, so whoever overhears it can have it refused. The genuine one is
 * answered, or its lease ends the attempt.
 */
export function decideRefusal(state: BuildState, receipt: Timed<Receipt>): Yes {
  const { decision } = receipt;
  const { open } = state;
  if (open?.phase === 'FENCING' && decision.subject_digest === open.claim_digest) {
    return block(state, open, decision.reason_codes, receipt);
  }
  if (open === null || open.phase !== 'COMMANDED' || decision.command_digest !== open.command_digest) return nothing;
  const codes = decision.reason_codes.filter((code) => Object.hasOwn(reasonAreas.command, code));
  return codes.length > 0 && receipt.now >= open.not_after ? askFence(state, open, codes) : nothing;
}

/** Says the open command again, word for word, when the road has lost it. One whose lease is over is left to its alarm. */
export function decideResend(state: BuildState, input: Timed<Resend>): Yes {
  const { open } = state;
  if (open === null || open.phase !== 'COMMANDED' || input.now >= open.not_after) return nothing;
  return yes({ sends: [{ send: 'command', command: commandOf(state, open), again: true }] });
}
