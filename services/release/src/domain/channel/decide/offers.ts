import type { Offer } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import type { Timed } from '../../inputs.ts';
import { channelFault } from '../channel-name.ts';
import type { Confirmed, OfferPack, OpenCohorts, Switch, Withdraw } from '../inputs.ts';
import { type ChannelState, isBarred } from '../state.ts';
import { type ChannelOutcome, no, nothing, yes } from './outcome.ts';

type Barrier = ChannelOutcome | null;

/** Why nothing may be promoted here now. A pin lets through the pack it names and no other (RR-15). */
function barrier(state: ChannelState, input: { release_id: string; now: string }, packId: string): Barrier {
  const waits = [{ type: 'ReleaseWaits' as const, at: input.now, release_id: input.release_id }];
  const events = state.waiting.includes(input.release_id) ? [] : waits;
  const { frozen, pin, rolling } = state;
  if (rolling !== null) return no('CHANNEL_FROZEN', `${rolling.from.release_id} is being rolled back`, events);
  if (frozen !== null) return no('CHANNEL_FROZEN', `frozen by ${frozen.actor}: ${frozen.reason}`, events);
  if (pin !== null && pin.pack_id !== packId && (pin.until === null || pin.until > input.now))
    return no('CHANNEL_PINNED', `pinned to ${pin.pack_id} by ${pin.actor}: ${pin.reason}`, events);
  return null;
}

function unsafe(state: ChannelState, packId: string, packSeq: number): Barrier {
  if (isBarred(state, packId)) return no('PACK_REVOKED', `${packId} is revoked or put aside in ${state.channel}`);
  if (packSeq < state.floor.pack_seq)
    return no('BELOW_SECURITY_FLOOR', `pack_seq ${packSeq} is below the floor ${state.floor.pack_seq}`);
  return null;
}

/**
 * Gives a release its place in the channel's one order. The same release is told the same place; the same release with another pack is refused
 * (RO-08); an older pack has no way in here: that is a rollback.
 */
export function decideOffer(state: ChannelState, input: Timed<OfferPack>): ChannelOutcome {
  const { release_id, pack_id, kristal_id, manifest, manifest_size, authorization, cohorts, prefetch, now } = input;
  const fault = channelFault(state.channel);
  if (fault !== null) return fault;
  const known = state.offers.find((offer) => offer.release_id === release_id);
  if (known !== undefined)
    return known.pack_id === pack_id
      ? nothing
      : no('RELEASE_SUBSTITUTED', `${release_id} was offered as ${known.pack_id}`);
  const first = state.offers.find((offer) => offer.pack_id === pack_id);
  const pack_seq = first?.pack_seq ?? state.pack_seq + 1;
  const bad = unsafe(state, pack_id, pack_seq) ?? barrier(state, input, pack_id);
  if (bad !== null) return bad;
  if (state.candidate !== null) {
    const waits = { type: 'ReleaseWaits' as const, at: now, release_id };
    return no('CHANNEL_BUSY', `${state.candidate.offer.release_id} is being released`, [waits]);
  }
  if (state.current !== null && pack_seq < state.current.pack_seq)
    return no('DOWNGRADE_BLOCKED', `pack_seq ${pack_seq} is below the current ${state.current.pack_seq}`);
  const release_seq = state.release_seq + 1;
  const offer: Offer = { release_id, release_seq, pack_seq, pack_id, kristal_id, manifest, manifest_size };
  return yes([{ type: 'PackOffered', at: now, offer, authorization: authorization ?? null, cohorts, prefetch }]);
}

/** Only the candidate can be opened or switched. */
const notCandidate = (state: ChannelState, release_id: string): Barrier =>
  state.candidate?.offer.release_id === release_id
    ? null
    : no('RELEASE_TRANSITION_ILLEGAL', `${release_id} is not the candidate of ${state.channel}`);

/** Opens cohorts; asked again for those that are open, it has nothing to say. */
export function decideOpen(state: ChannelState, input: Timed<OpenCohorts>): ChannelOutcome {
  const { release_id, cohorts, now } = input;
  const pack = state.candidate?.offer;
  const bad = notCandidate(state, release_id) ?? (pack ? barrier(state, input, pack.pack_id) : null);
  if (bad === null && canonical(state.candidate?.cohorts ?? []) === canonical(cohorts)) return nothing;
  return bad ?? yes([{ type: 'CohortsOpened', at: now, release_id, cohorts }]);
}

export function decideSwitch(state: ChannelState, input: Timed<Switch>): ChannelOutcome {
  const { release_id, now } = input;
  if (state.candidate === null && state.current?.release_id === release_id) return nothing;
  const pack = state.candidate?.offer;
  const bad = notCandidate(state, release_id) ?? (pack ? barrier(state, input, pack.pack_id) : null);
  return bad ?? yes([{ type: 'CandidateSwitched', at: now, release_id }]);
}

/** Taking an offer back is never in anyone's way, and twice is once. */
export function decideWithdraw(state: ChannelState, { release_id, reason_code, now }: Timed<Withdraw>): ChannelOutcome {
  if (state.candidate?.offer.release_id !== release_id) return nothing;
  return yes([{ type: 'CandidateWithdrawn', at: now, release_id, reason_code }]);
}

/** Only an offer that everyone runs is confirmed: one that was withdrawn never becomes a rollback's target. */
export function decideConfirmed(state: ChannelState, { release_id, now }: Timed<Confirmed>): ChannelOutcome {
  const known = state.offers.find((offer) => offer.release_id === release_id);
  if (known === undefined || known.withdrawn_at !== null || known.confirmed_at !== null) return nothing;
  return yes([{ type: 'OfferConfirmed', at: now, release_id }]);
}
