import type { Offer } from '@orgo/contracts';
import { ok, type Result, refuse } from '@orgo/core';
import { otherPacks } from './index-rules.ts';
import type { NodeState } from './state.ts';

/** True where activating the offer would run an older pack than this node ever ran: a rollback, whatever it is called. */
export const needsAuthorization = (state: NodeState, offer: Offer): boolean =>
  offer.pack_seq < state.floors.highest_activated_seq && offer.pack_id !== state.active?.pack_id;

/**
 * The channel rules, after integrity was verified: no second pack under a number or a release id, and no second number of a pack, nothing revoked, nothing below the floor, nothing older than what
 * ever ran without the gatekeeper's leave, which pierces no floor (RO-06 to RO-09, C-12).
 * Refuses with `RELEASE_SUBSTITUTED`, `PACK_REVOKED`, `PACK_BELOW_FLOOR`, `DOWNGRADE_BLOCKED`, or as the authorization was refused.
 * @param leave what judging the channel's rollback authorization for this offer came to; null where the channel has none
 */
export function judgeOffer(state: NodeState, offer: Offer, leave: Result<true> | null): Result<true> {
  // A release may name another pack of its own again where the gatekeeper says so: that is the one reissue there is. Numbers never may.
  const other = otherPacks(state, offer).find(
    (seen) =>
      leave?.ok !== true ||
      seen.release_seq === offer.release_seq ||
      seen.pack_seq === offer.pack_seq ||
      seen.pack_id === offer.pack_id,
  );
  if (other)
    return refuse('RELEASE_SUBSTITUTED', `${other.release_id}, number ${other.release_seq}, was ${other.pack_id}`);
  if (state.revoked.includes(offer.pack_id)) return refuse('PACK_REVOKED', offer.pack_id);
  if (offer.pack_seq < state.floors.pack_seq)
    return refuse('PACK_BELOW_FLOOR', `${offer.pack_seq} is below the floor, ${state.floors.pack_seq}`);
  if (!needsAuthorization(state, offer)) return ok(true);
  if (leave === null)
    return refuse(
      'DOWNGRADE_BLOCKED',
      `${offer.pack_seq} is below ${state.floors.highest_activated_seq}, and nobody authorized it`,
    );
  return leave;
}
