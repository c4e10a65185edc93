import type { ChannelTarget, ReasonCode } from '@orgo/contracts';
import { ok, type Result, refuse } from '@orgo/core';
import { activeTarget, maxSeen, type NodeState, type Place } from './state.ts';

const placeOf = ({ release_id, release_seq, pack_id }: Place): Place => ({ release_id, release_seq, pack_id });

const samePlace = (a: Place | null, b: Place): boolean =>
  a !== null && a.release_id === b.release_id && a.release_seq === b.release_seq && a.pack_id === b.pack_id;

/** True where the channel asks for something this node has neither activated nor already refused. */
export const isNews = (state: NodeState, target: ChannelTarget): boolean =>
  !samePlace(state.active, target) && !samePlace(state.refused, target);

/** What the same number or the same release once named, where that was another pack. */
const otherPack = (state: NodeState, target: ChannelTarget): Place | undefined =>
  state.seen.find(
    (seen) =>
      (seen.release_seq === target.release_seq || seen.release_id === target.release_id) &&
      seen.pack_id !== target.pack_id,
  );

/**
 * The channel rules, after integrity was verified (RO-06, RO-08, C-12): one monotonic order per channel, no second pack under a number or
 * a release id, nothing below the highest number ever activated. Rolling back is a newer release of an older pack.
 * Refuses with `TARGET_NOT_FOR_CHANNEL`, `RELEASE_SUBSTITUTED` or `DOWNGRADE_BLOCKED`.
 */
export function judgeTarget(state: NodeState, target: ChannelTarget): Result<true> {
  if (target.channel !== state.channel)
    return refuse('TARGET_NOT_FOR_CHANNEL', `${target.channel}, this node follows ${state.channel}`);
  const other = otherPack(state, target);
  if (other)
    return refuse('RELEASE_SUBSTITUTED', `${other.release_id}, number ${other.release_seq}, was ${other.pack_id}`);
  if (target.release_seq < state.highest_activated_seq)
    return refuse('DOWNGRADE_BLOCKED', `${target.release_seq} is below ${state.highest_activated_seq}`);
  return ok(true);
}

/** The first pack of a number and of a release stands. The lowest numbers are forgotten first: the floor is above them. */
function withSeen(state: NodeState, target: ChannelTarget): Pick<NodeState, 'seen' | 'highest_seen_seq'> {
  if (target.channel !== state.channel) return state;
  const known = state.seen.some((seen) => samePlace(seen, target)) || otherPack(state, target) !== undefined;
  const seen = known
    ? state.seen
    : [...state.seen, placeOf(target)].sort((a, b) => a.release_seq - b.release_seq).slice(-maxSeen);
  return { seen, highest_seen_seq: Math.max(state.highest_seen_seq, target.release_seq) };
}

const attempt = (
  target: ChannelTarget,
  type: 'VERIFY' | 'ACTIVATE',
  reason_code: ReasonCode | null,
): NonNullable<NodeState['last_attempt']> => ({
  target,
  type,
  status: reason_code === null ? 'SUCCEEDED' : 'FAILED',
  reason_code,
  reported: false,
});

/** The state after a refused target: the active pack and its floor stay, the attempt is on record (RO-03, KS-04). */
export const withRefusal = (state: NodeState, target: ChannelTarget, code: ReasonCode): NodeState => ({
  ...state,
  ...withSeen(state, target),
  refused: samePlace(state.active, target) ? state.refused : placeOf(target),
  last_attempt: attempt(target, 'ACTIVATE', code),
});

/**
 * The state after refused channel metadata. It names no target that could be trusted, so it is on record against what is active; the same
 * state where nothing is active, or where this is on record already.
 */
export function withMetadataRefusal(state: NodeState, code: ReasonCode): NodeState {
  const target = activeTarget(state);
  const known = state.last_attempt?.type === 'VERIFY' && state.last_attempt.reason_code === code;
  return target === null || known ? state : { ...state, last_attempt: attempt(target, 'VERIFY', code) };
}

/** True where the last thing on record is refused metadata: once it is good again the active pack has to be confirmed. */
export const awaitsConfirmation = ({ last_attempt }: NodeState): boolean =>
  last_attempt?.type === 'VERIFY' && last_attempt.status === 'FAILED';

/** The state after an activation, or after the active pack was confirmed: pointer, floors and last known good change in one value. */
export function withActivation(state: NodeState, target: ChannelTarget): NodeState {
  const moved = state.active !== null && state.active.pack_id !== target.pack_id;
  return {
    ...state,
    ...withSeen(state, target),
    active: { ...placeOf(target), kristal_id: target.kristal_id },
    last_known_good: moved && state.active ? placeOf(state.active) : state.last_known_good,
    refused: samePlace(state.active, target) ? state.refused : null,
    highest_activated_seq: Math.max(state.highest_activated_seq, target.release_seq),
    last_attempt: attempt(target, 'ACTIVATE', null),
  };
}

/** The state once its last attempt is on record with the release service. */
export const withReported = (state: NodeState): NodeState =>
  state.last_attempt === null ? state : { ...state, last_attempt: { ...state.last_attempt, reported: true } };
