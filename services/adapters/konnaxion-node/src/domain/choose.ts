import type { ChannelIndex, Offer } from '@orgo/contracts';
import { type CohortMember, isInCohort } from '@orgo/core';
import { awaitsConfirmation } from './attempts.ts';
import { type NodeState, type Place, samePlace } from './state.ts';

/**
 * The offer that is this node's: the candidate where an open cohort takes it, else what everyone runs. Who runs the candidate stays with it
 * while it is one; while the channel is frozen nobody else begins. A node that does not know its number yet belongs to no cohort.
 */
export function chooseOffer(state: NodeState, index: ChannelIndex, member: CohortMember | null): Offer | null {
  const { candidate, current, frozen } = index;
  if (candidate === null) return current;
  if (samePlace(state.active, candidate.offer)) return candidate.offer;
  const { cohorts, offer } = candidate;
  const isTaken = member !== null && isInCohort(cohorts, offer.release_id, member);
  return isTaken && !frozen ? offer : current;
}

/** True where the offer is neither what serves nor was refused before. */
export const isNews = (state: NodeState, offer: Place): boolean =>
  !samePlace(state.active, offer) && !state.refused.some((refused) => samePlace(refused, offer));

/** What the node does next about its channel. */
export type Plan =
  | { do: 'nothing' }
  | { do: 'activate'; offer: Offer }
  /** The active pack is verified again and said to serve: metadata that was refused is good. */
  | { do: 'confirm'; offer: Offer }
  /** Brings and verifies what is to come, and activates nothing (RR-17). */
  | { do: 'prefetch'; offer: Offer };

/** What an index asks of this node now, its own turn before what is to come. */
export function planOf(state: NodeState, index: ChannelIndex, member: CohortMember | null): Plan {
  const offer = chooseOffer(state, index, member);
  if (offer !== null && isNews(state, offer)) return { do: 'activate', offer };
  if (state.active !== null && awaitsConfirmation(state)) return { do: 'confirm', offer: state.active };
  const ahead = index.candidate?.prefetch ? index.candidate.offer : null;
  if (ahead !== null && isNews(state, ahead) && !state.prefetched.some((place) => samePlace(place, ahead)))
    return { do: 'prefetch', offer: ahead };
  return { do: 'nothing' };
}
