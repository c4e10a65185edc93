import type { Timed } from '../inputs.ts';
import { decideAskChange, decideAskRollback, decidePreflighted, decideTurnedAway } from './decide/asks.ts';
import { decideConfirmed, decideOffer, decideOpen, decideSwitch, decideWithdraw } from './decide/offers.ts';
import { type ChannelOutcome, published } from './decide/outcome.ts';
import { decideChannelReceipt } from './decide/receipts.ts';
import type { ChannelInput } from './inputs.ts';
import type { ChannelState } from './state.ts';

function decideInput(state: ChannelState, input: Timed<ChannelInput>): ChannelOutcome {
  switch (input.type) {
    case 'offer':
      return decideOffer(state, input);
    case 'open':
      return decideOpen(state, input);
    case 'switch':
      return decideSwitch(state, input);
    case 'withdraw':
      return decideWithdraw(state, input);
    case 'confirmed':
      return decideConfirmed(state, input);
    case 'change':
      return decideAskChange(state, input);
    case 'rollback':
      return decideAskRollback(state, input);
    case 'preflighted':
      return decidePreflighted(state, input);
    case 'turned-away':
      return decideTurnedAway(state, input);
    case 'receipt':
      return decideChannelReceipt(state, input);
    default:
      return input satisfies never;
  }
}

/**
 * The channel machine. It alone gives places in the channel's order and says what the index says; pins, freezes, revocations and rollbacks take
 * effect by sealed decisions of the gatekeeper and by nothing else.
 */
export const decideChannel = (state: ChannelState, input: Timed<ChannelInput>): ChannelOutcome =>
  published(state, decideInput(state, input));
