import type { ChannelIndex, Offer } from '@orgo/contracts';
import { canonical, ok, type Result, refuse } from '@orgo/core';
import { limits, type NodeState, type Place, placeOf, samePlace } from './state.ts';

/** A number that grew by more than this at once was made to grow: nothing would ever be higher again (fast-forward). */
export const maxJump = { release: 1000, index: 100_000 } as const;

const offersOf = ({ current, candidate }: ChannelIndex): Offer[] =>
  [current, candidate?.offer ?? null].filter((offer) => offer !== null);

/**
 * Whether a channel index may follow the one before (RO-11). Signatures, versions and expiry are TUF's and were verified.
 * Refuses with `TARGET_NOT_FOR_CHANNEL`, `METADATA_ROLLBACK`, `METADATA_INVALID` or `FAST_FORWARD_SUSPECTED`.
 */
export function judgeIndex(state: NodeState, tenant: string, index: ChannelIndex): Result<true> {
  if (index.tenant_id !== tenant || index.channel !== state.channel)
    return refuse('TARGET_NOT_FOR_CHANNEL', `an index of ${index.tenant_id}/${index.channel}`);
  const { floors } = state;
  if (index.index_seq < floors.index_seq)
    return refuse('METADATA_ROLLBACK', `index ${index.index_seq} comes after ${floors.index_seq}`);
  if (index.index_seq === state.index?.index_seq && canonical(index) !== canonical(state.index))
    return refuse('METADATA_INVALID', `two contents of index ${index.index_seq}`);
  if (floors.index_seq > 0 && index.index_seq > floors.index_seq + maxJump.index)
    return refuse('FAST_FORWARD_SUSPECTED', `index ${index.index_seq} comes after ${floors.index_seq}`);
  const highest = Math.max(0, ...offersOf(index).map(({ release_seq }) => release_seq));
  if (floors.release_seq > 0 && highest > floors.release_seq + maxJump.release)
    return refuse('FAST_FORWARD_SUSPECTED', `number ${highest} comes after ${floors.release_seq}`);
  return ok(true);
}

/** What the same offer number once said otherwise, the same release or pack number of another pack, or the same pack under another number (RO-08). */
export const otherPacks = (state: NodeState, offer: Place): Place[] =>
  state.seen.filter((seen) =>
    seen.release_seq === offer.release_seq
      ? !samePlace(seen, offer)
      : (seen.pack_seq === offer.pack_seq) !== (seen.pack_id === offer.pack_id) ||
        (seen.release_id === offer.release_id && seen.pack_id !== offer.pack_id),
  );

/** The first offer of a number stands. The lowest numbers are forgotten first: the floor is above them. */
export function withSeen(state: NodeState, offer: Offer): NodeState['seen'] {
  const isTaken = state.seen.some(
    (seen) =>
      seen.release_seq === offer.release_seq || (seen.pack_seq === offer.pack_seq) !== (seen.pack_id === offer.pack_id),
  );
  if (isTaken) return state.seen;
  return [...state.seen, placeOf(offer)].sort((a, b) => a.release_seq - b.release_seq).slice(-limits.seen);
}

/** The state that has read an index: floors only rise, what was revoked stays so (RO-05, RO-07). The same state where it says nothing new. */
export function withIndex(state: NodeState, index: ChannelIndex): NodeState {
  if (state.index !== null && canonical(state.index) === canonical(index) && state.metadata_refused === null)
    return state;
  const offers = offersOf(index);
  const seen = offers.reduce((known, offer) => withSeen({ ...state, seen: known }, offer), state.seen);
  const revoked = [...new Set([...state.revoked, ...index.revoked_packs])].slice(-limits.revoked);
  const highest = (of: 'pack_seq' | 'release_seq', least: number) => Math.max(least, ...offers.map((o) => o[of]));
  return {
    ...state,
    index,
    seen,
    revoked,
    installed: state.installed.map((pack) => (revoked.includes(pack.pack_id) ? { ...pack, status: 'REVOKED' } : pack)),
    floors: {
      ...state.floors,
      pack_seq: Math.max(state.floors.pack_seq, index.floor.pack_seq),
      highest_seen_seq: highest('pack_seq', state.floors.highest_seen_seq),
      release_seq: highest('release_seq', state.floors.release_seq),
      index_seq: index.index_seq,
    },
  };
}
