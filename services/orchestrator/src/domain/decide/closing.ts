import type { BuildOutcome } from '@orgo/contracts';
import { buildOutcomes } from '@orgo/contracts';
import type { Ending, PhaseEvent } from '../events.ts';
import type { Receipt, Timed } from '../inputs.ts';
import { differencesOf, yieldOf } from '../rerun.ts';
import type { BuildState } from '../state.ts';
import * as claims from './claims.ts';
import { leaseAlarm, retryAlarm } from './issue.ts';
import { and, nothing, type Yes, yes } from './outcome.ts';
import { askAgain } from './unanswered.ts';

/** Begins the end: nothing is issued any more, and the record is asked for; a cancellation first shuts the gate. */
export function beginClosing(
  state: BuildState,
  end: { outcome: BuildOutcome; reason_codes: string[]; cancelledBy?: { actor: string; reason: string } },
): Yes {
  const { outcome, reason_codes, cancelledBy } = end;
  const alarms = state.open === null ? [] : [{ cancel: leaseAlarm(state.open) }, { cancel: retryAlarm(state.open) }];
  const asked = cancelledBy === undefined ? 'CLOSE' : 'CANCEL';
  const begun = yes({
    events: [
      { type: 'BuildClosing', outcome, reason_codes, asked, ...(cancelledBy ?? { actor: claims.self, reason: '' }) },
    ],
    alarms,
  });
  return and(state, begun, askAgain);
}

/** The gatekeeper does not grant the end. Nobody else can move the build, so a person has to look. */
export function decideEndRefused(state: BuildState, { decision }: Timed<Receipt>): Yes {
  if (state.closing === null || state.closing.claim_digest !== decision.subject_digest) return nothing;
  return yes({ events: [{ type: 'ClaimRefused', reason_codes: decision.reason_codes }] });
}

/** A person has looked: the same end is asked for again. */
export const askEndAgain = (state: BuildState): Yes =>
  and(state, yes({ events: [{ type: 'ClaimAskedAgain' }] }), askAgain);

/** The gate is shut: now the record. */
export function decideCancelled(state: BuildState): Yes {
  if (state.closing?.asked !== 'CANCEL') return nothing;
  return and(state, yes({ events: [{ type: 'CloseAsked' }] }), askAgain);
}

const endings = {
  COMPLETED: 'BuildCompleted',
  VALIDATION_FAILED: 'BuildValidationFailed',
  FAILED: 'BuildFailed',
  CANCELLED: 'BuildCancelled',
} as const satisfies Record<BuildOutcome, PhaseEvent['type']>;

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The record is sealed: the build has ended as it says, which may be worse than what was asked for. What a rerun gave is compared with its original (DT-01, BR-10). */
export function decideRecord(state: BuildState, { decision, decision_digest, log_index }: Timed<Receipt>): Yes {
  const record = decision.outputs.find((output) => output.kind === 'build-record');
  if (state.closing?.asked !== 'CLOSE' || record === undefined) return nothing;
  const outcome = buildOutcomes.find((known) => known === decision.detail.outcome) ?? state.closing.outcome;
  const ending = {
    reason_codes: decision.reason_codes,
    record_ref: record.ref,
    kristal_id: text(decision.detail.kristal_id) as Ending['kristal_id'],
    pack_id: text(decision.detail.pack_id),
    decision_digest,
    log_index,
  };
  const ended = yes({ events: [{ type: endings[outcome], ...ending }] });
  return and(state, ended, (final) =>
    final.original === null
      ? nothing
      : yes({ events: [{ type: 'RerunCompared', differences: differencesOf(final.original, yieldOf(final)) }] }),
  );
}
