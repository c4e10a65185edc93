import type { ClaimAlarmFired, Timed } from '../inputs.ts';
import type { Alarm, Send } from '../sends.ts';
import { awaitsAdmission, type BuildState } from '../state.ts';
import * as claims from './claims.ts';
import { and, nothing, type Yes, yes } from './outcome.ts';

/**
 * A claim has a deadline, as a command has: one that the gatekeeper turns away at its door (signed by a key that is not of the root yet, say) leaves no
 * row there and no receipt, so nobody else would ever move the build. It is asked again, the same text, signed anew: a claim that was decided
 * meanwhile is a duplicate, and its receipt is on its way.
 */
const firstMs = 30_000;
const mostMs = 600_000;

/** Asked so often, for an hour and more in all, a claim is left to a person. */
export const mostAsked = 10;

const alarmId = 'claim';

/** How long the answer may take when a claim was asked so often. */
export const patienceMs = (asked: number): number => Math.min(mostMs, firstMs * 2 ** (asked - 1));

/** Names the claim whose answer the build waits for; null when it waits for none. */
export function awaitedClaim(state: BuildState): string | null {
  const { closing, open } = state;
  if (state.phase === 'CLOSING')
    return closing === null || closing.refused.length > 0 ? null : `${closing.asked}:${closing.attempt}`;
  if (awaitsAdmission(state)) return 'ADMIT';
  if (open?.phase !== 'FENCING') return null;
  return open.fence === null
    ? `EXHAUSTED:${open.stage}:${open.attempt}:${open.epoch}`
    : `FENCE:${open.stage}:${open.attempt}:${open.fence}`;
}

/** What a step does to the deadline: a claim that was sent has one, one that was answered has none any more. */
export function claimDeadline(
  before: BuildState,
  after: BuildState,
  { sends, asked }: { sends: readonly Send[]; asked: number },
): Alarm[] {
  const [was, is] = [awaitedClaim(before), awaitedClaim(after)];
  if (is !== null && sends.some(({ send }) => send === 'claim')) {
    const times = is === was ? asked + 1 : 1;
    return [{ id: alarmId, kind: 'claim', due_in_ms: patienceMs(times), data: { claim: is, asked: times } }];
  }
  return was !== null && was !== is ? [{ cancel: alarmId }] : [];
}

/** The claim that the build waits for, said again. */
export function askAgain(state: BuildState): Yes {
  const { open } = state;
  if (state.phase === 'CLOSING')
    return claims.ask(state.closing?.asked === 'CANCEL' ? claims.cancel(state) : claims.close(state));
  if (awaitsAdmission(state)) return yes({ sends: [claims.admit(state)] });
  if (open?.phase !== 'FENCING') return nothing;
  return claims.ask(
    open.fence === null ? claims.exhausted(state, open) : claims.fence(state, open, open.fence, open.asked_by),
  );
}

/** Nobody answered in time: the claim is asked again, and in the end left to a person. An answer that comes after all is still folded. */
export function decideUnanswered(state: BuildState, { claim, asked }: Timed<ClaimAlarmFired>): Yes {
  if (state.phase === 'BLOCKED' || awaitedClaim(state) !== claim) return nothing;
  if (asked < mostAsked)
    return and(state, yes({ events: [{ type: 'ClaimRepeated', claim, asked: asked + 1 }] }), askAgain);
  const reason_codes = ['CLAIM_UNANSWERED'];
  return yes({ events: [{ type: state.phase === 'CLOSING' ? 'ClaimRefused' : 'BuildBlocked', reason_codes }] });
}
