import { announce } from './decide/announce.ts';
import { decideCreate } from './decide/create.ts';
import { type Decision, fold, nothing } from './decide/outcome.ts';
import { decideAlarm, decidePublished, decideReport } from './decide/rollout.ts';
import { decideBarred, decideVerdict, decideVerify } from './decide/verify.ts';
import { no, type Receipt, type ReleaseInput, type Timed } from './inputs.ts';
import type { ReleaseState } from './state.ts';

function decideReceipt(state: ReleaseState, input: Timed<Receipt>): Decision {
  switch (input.decision.kind) {
    case 'RELEASE':
      return decideVerdict(state, input);
    case 'NODE_REPORT':
      return decideReport(state, input);
    default:
      return nothing;
  }
}

function decideInput(state: ReleaseState, input: Timed<ReleaseInput>): Decision {
  if (input.type === 'create') return decideCreate(state, input);
  if (state.phase === 'NEW') return no('RELEASE_NOT_FOUND', `no release ${input.release_id}`);
  switch (input.type) {
    case 'verify-requested':
      return decideVerify(state, input);
    case 'barred':
      return decideBarred(state, input);
    case 'receipt':
      return decideReceipt(state, input);
    case 'channel-published':
      return decidePublished(state, input);
    case 'rollback-refused':
      return nothing;
    case 'alarm':
      return decideAlarm(state, input);
    default:
      return input satisfies never;
  }
}

/**
 * The release machine. A pack is published only under a sealed PASS of the gatekeeper (RR-07), and RELEASED follows from sealed
 * reports of nodes, never from having published.
 */
export function decide(state: ReleaseState, input: Timed<ReleaseInput>): Decision {
  const decision = decideInput(state, input);
  if (!decision.ok) return decision;
  return { ...decision, sends: [...decision.sends, ...announce(state, fold(state, decision.events))] };
}
