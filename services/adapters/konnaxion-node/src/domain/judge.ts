import type { ChannelTarget } from '@orgo/contracts';
import { ok, type Result, refuse } from '@orgo/core';
import type { NodeState } from './state.ts';

/** True where the channel asks for something this node has neither activated nor already refused. */
export function isNews(state: NodeState, target: ChannelTarget): boolean {
  const last = state.last_attempt?.target;
  return (
    last === undefined ||
    last.release_id !== target.release_id ||
    last.release_seq !== target.release_seq ||
    last.pack_id !== target.pack_id
  );
}

/**
 * The channel rules, after integrity was verified (RO-06, RO-08, C-12): one monotonic order per channel, no second pack under a number,
 * nothing below the highest number ever activated. Rolling back is a newer release of an older pack.
 * Refuses with `TARGET_NOT_FOR_CHANNEL`, `RELEASE_SUBSTITUTED` or `DOWNGRADE_BLOCKED`.
 */
export function judgeTarget(state: NodeState, target: ChannelTarget): Result<true> {
  if (target.channel !== state.channel)
    return refuse('TARGET_NOT_FOR_CHANNEL', `${target.channel}, this node follows ${state.channel}`);
  const before = state.seen.find((s) => s.release_seq === target.release_seq);
  if (before && before.pack_id !== target.pack_id)
    return refuse('RELEASE_SUBSTITUTED', `number ${target.release_seq} was ${before.pack_id}`);
  if (target.release_seq < state.highest_activated_seq)
    return refuse('DOWNGRADE_BLOCKED', `${target.release_seq} is below ${state.highest_activated_seq}`);
  return ok(true);
}

const seen = (state: NodeState, { release_seq, pack_id }: ChannelTarget): NodeState['seen'] =>
  state.seen.some((s) => s.release_seq === release_seq)
    ? state.seen
    : [...state.seen, { release_seq, pack_id }].slice(-64);

/** The state after a refused target: the active pack and the floors stay, the attempt is on record (RO-03, KS-04). */
export function withFailure(
  state: NodeState,
  target: ChannelTarget,
  type: 'VERIFY' | 'ACTIVATE',
  code: string,
): NodeState {
  return { ...state, last_attempt: { target, type, status: 'FAILED', reason_code: code, reported: false } };
}

/** The state after an activation: pointer, floors and last known good change in one value. */
export function withActivation(state: NodeState, target: ChannelTarget): NodeState {
  const { release_id, release_seq, pack_id, kristal_id } = target;
  const previous =
    state.active && state.active.pack_id !== pack_id
      ? { release_id: state.active.release_id, release_seq: state.active.release_seq, pack_id: state.active.pack_id }
      : state.last_known_good;
  return {
    ...state,
    active: { release_id, release_seq, pack_id, kristal_id },
    last_known_good: previous,
    highest_activated_seq: Math.max(state.highest_activated_seq, release_seq),
    highest_seen_seq: Math.max(state.highest_seen_seq, release_seq),
    seen: seen(state, target),
    last_attempt: { target, type: 'ACTIVATE', status: 'SUCCEEDED', reason_code: null, reported: false },
  };
}
