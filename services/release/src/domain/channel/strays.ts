import type { ChannelState, PastOffer } from './state.ts';

/**
 * Offers that nodes may run although the channel took them back, newest first: such a node runs a higher number than the channel offers, and goes back by leave alone.
 * Only offers behind the current one count, while nothing is on its way that would lead on from them, and no rollback.
 */
export function strayOffers({ offers, current, candidate, rolling }: ChannelState): PastOffer[] {
  if (current === null || candidate !== null || rolling !== null) return [];
  return offers
    .filter(
      ({ withdrawn_at, rolled_back_at, release_seq, pack_seq }) =>
        withdrawn_at !== null && !rolled_back_at && release_seq > current.release_seq && pack_seq > current.pack_seq,
    )
    .toSorted((a, b) => b.release_seq - a.release_seq);
}
