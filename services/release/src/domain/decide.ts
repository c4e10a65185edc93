import { announce } from './decide/announce.ts';
import {
  decidePublished,
  decideRefused,
  decideRollbackRefused,
  decideRollbackSealed,
  decideWithdrew,
} from './decide/channel.ts';
import { decideCreate } from './decide/create.ts';
import { decideLook } from './decide/look.ts';
import { type Decision, fold, nothing } from './decide/outcome.ts';
import { decidePerson } from './decide/person.ts';
import { decideCloseSealed, decideStepSealed } from './decide/sealed.ts';
import { decideBarred, decideVerdict, decideVerify } from './decide/verify.ts';
import { no, type Receipt, type ReleaseInput, type Timed } from './inputs.ts';
import type { ReleaseState } from './state.ts';

function decideReceipt(state: ReleaseState, input: Timed<Receipt>): Decision {
  switch (input.decision.kind) {
    case 'RELEASE':
      return decideVerdict(state, input);
    case 'RELEASE_STEP':
      return decideStepSealed(state, input);
    case 'RELEASE_CLOSE':
      return decideCloseSealed(state, input);
    case 'ROLLBACK':
      return decideRollbackSealed(state, input);
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
    case 'channel-refused':
      return decideRefused(state, input);
    case 'channel-withdrew':
      return decideWithdrew(state, input);
    case 'rollback-refused':
      return decideRollbackRefused(state, input);
    case 'look':
      return decideLook(state, input);
    case 'person':
      return decidePerson(state, input);
    default:
      return input satisfies never;
  }
}

/**
 * The release machine. A pack is offered only under a sealed PASS of the gatekeeper (RR-07), each cohort is opened only under one of its own (RR-12), and
 * RELEASED follows from sealed reports of nodes, never from having published. What moves it in between is `reconcile` alone.
 */
export function decide(state: ReleaseState, input: Timed<ReleaseInput>): Decision {
  const decision = decideInput(state, input);
  if (!decision.ok) return decision;
  return { ...decision, sends: [...decision.sends, ...announce(state, fold(state, decision.events))] };
}
