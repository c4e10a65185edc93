import type { TransitionTable } from '@orgo/core';
import type { ChannelEvent } from './events.ts';
import type { ChannelPhase } from './state.ts';

const always = {
  OfferConfirmed: 'OPEN',
  ReleaseWaits: 'OPEN',
  RollbackAsked: 'OPEN',
  RollbackPreflighted: 'OPEN',
  RollbackEnded: 'OPEN',
  RollbackValidated: 'OPEN',
  ChangeAsked: 'OPEN',
  ChangeAnswered: 'OPEN',
  CandidateWithdrawn: 'OPEN',
  PackPinned: 'OPEN',
  PackUnpinned: 'OPEN',
  PackRevoked: 'OPEN',
  PackQuarantined: 'OPEN',
  FloorRaised: 'OPEN',
} as const;

/** The channel machine: nothing is offered, opened or switched while it is frozen; a rollback is always possible and leaves it frozen. */
export const channelTable: TransitionTable<ChannelPhase, ChannelEvent['type']> = {
  NEW: { ...always, ChannelImported: 'OPEN', PackOffered: 'OPEN', ChannelFrozen: 'FROZEN' },
  OPEN: {
    ...always,
    PackOffered: 'OPEN',
    CohortsOpened: 'OPEN',
    CandidateSwitched: 'OPEN',
    ChannelFrozen: 'FROZEN',
    ChannelRolledBack: 'FROZEN',
  },
  FROZEN: {
    ...Object.fromEntries(Object.keys(always).map((type) => [type, 'FROZEN' as const])),
    ChannelFrozen: 'FROZEN',
    ChannelUnfrozen: 'OPEN',
    ChannelRolledBack: 'FROZEN',
  },
};
