import { announce } from './decide/announce.ts';
import { decideAlarm, decideResend } from './decide/attempts.ts';
import { type Decision, fold } from './decide/outcome.ts';
import { decidePerson } from './decide/person.ts';
import { decideReceipt } from './decide/receipt.ts';
import { decideStart } from './decide/start.ts';
import { claimDeadline, decideUnanswered } from './decide/unanswered.ts';
import type { BuildInput, Timed } from './inputs.ts';
import type { BuildState } from './state.ts';

function decideInput(state: BuildState, input: Timed<BuildInput>): Decision {
  switch (input.type) {
    case 'start':
      return decideStart(state, input);
    case 'receipt':
      return decideReceipt(state, input);
    case 'alarm':
      return input.kind === 'claim' ? decideUnanswered(state, input) : decideAlarm(state, input);
    case 'cancel':
    case 'pause':
    case 'resume':
      return decidePerson(state, input);
    case 'resend':
      return decideResend(state, input);
    default:
      return input satisfies never;
  }
}

/**
 * The build machine. Advances only by sealed decisions: a person can hold, cancel and resume a build, a deadline can fence
 * an attempt, and nobody but the gatekeeper opens a stage (GT-03, SP-12).
 */
export function decide(state: BuildState, input: Timed<BuildInput>): Decision {
  const decision = decideInput(state, input);
  if (!decision.ok) return decision;
  const after = fold(state, decision.events);
  const asked = input.type === 'alarm' && input.kind === 'claim' ? input.asked : 0;
  const deadline = claimDeadline(state, after, { sends: decision.sends, asked });
  return {
    ...decision,
    sends: [...decision.sends, ...announce(state, after)],
    alarms: [...decision.alarms, ...deadline],
  };
}
