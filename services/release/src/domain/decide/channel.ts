import { after } from '@orgo/core';
import type { ReleaseEvent } from '../events.ts';
import type { ChannelPublished, ChannelRefused, ChannelWithdrew, Receipt, RollbackRefused, Timed } from '../inputs.ts';
import type { Act, ReleaseState } from '../state.ts';
import { lookNow, nothing, type Yes, yes } from './outcome.ts';
import { passingCodes } from './person.ts';
import { isOver } from './reconcile-alarms.ts';

/** What the channel shows now. Word that is older than what was seen says nothing. */
export function decidePublished(state: ReleaseState, input: Timed<ChannelPublished>): Yes {
  const { index_seq, place: role, open, frozen, release_seq, pack_seq, now } = input;
  if (isOver(state) || (state.seen !== null && index_seq <= state.seen.index_seq)) return nothing;
  const events: ReleaseEvent[] = [{ type: 'ChannelSeen', at: now, seen: { index_seq, role, open, frozen, at: now } }];
  // A person may have paused it while it was on its way to the channel: it has its place all the same.
  const isNew = state.place === null && state.ending === null;
  if (isNew && role !== 'none' && release_seq !== null && pack_seq !== null)
    events.push({ type: 'ReleasePublished', at: now, release_seq, pack_seq });
  return yes({ events, alarms: [lookNow] });
}

/** What passes is waited out; every other refusal of the channel stops the release. */
export function decideRefused(state: ReleaseState, input: Timed<ChannelRefused>): Yes {
  const { wanted, code, detail, now } = input;
  if (isOver(state) || state.wanted !== wanted) return nothing;
  const refused: ReleaseEvent = { type: 'ChannelRefused', at: now, code, detail };
  if (passingCodes.includes(code)) return yes({ events: [refused] });
  const act: Act = { action: 'abort', actor: 'release', reason: detail, at: now };
  const stop = { to: 'FAILED', trigger: 'operator', codes: [code], finding: null, act } as const;
  return yes({ events: [refused, { type: 'ReleaseStopped', at: now, ...stop, codes: [code] }], alarms: [lookNow] });
}

export function decideWithdrew(state: ReleaseState, { now }: Timed<ChannelWithdrew>): Yes {
  if (isOver(state) || state.ending === null || state.ending.withdrawn) return nothing;
  return yes({ events: [{ type: 'OfferWithdrawn', at: now }], alarms: [lookNow] });
}

type Answer = { done: boolean; code: string | null; to_pack_id: string | null; act: Act };

/**
 * What became of a rollback. One that somebody else asked for ends a release too: what it had released is no longer what the channel serves.
 */
function answered(state: ReleaseState, { done, code, to_pack_id, act }: Answer, now: string): Yes {
  const event: ReleaseEvent = { type: 'RollbackAnswered', at: now, done, code, to_pack_id };
  if (state.phase === 'RELEASED')
    return done ? yes({ events: [{ type: 'ReleaseRolledBack', at: now, sealed: null, act }] }) : nothing;
  if (isOver(state)) return nothing;
  if (state.ending?.rollback?.status === 'ASKED') return yes({ events: [event], alarms: [lookNow] });
  const isLive = ['VERIFIED', 'RELEASING', 'PAUSED'].includes(state.phase);
  if (!done || !isLive || (state.ending?.rollback ?? null) !== null) return nothing;
  const stop: ReleaseEvent[] =
    state.ending === null || state.ending.to === 'RELEASED'
      ? [{ type: 'ReleaseStopped', at: now, to: 'FAILED', trigger: 'operator', codes: [], finding: null, act }]
      : [];
  const deadline_at = after(now, state.plan.deadlines.step_ms ?? state.step_ms);
  return yes({
    events: [...stop, { type: 'OfferWithdrawn', at: now }, { type: 'RollbackAsked', at: now, deadline_at }, event],
    alarms: [lookNow],
  });
}

/** The gatekeeper's sealed word about a rollback of this release. A drill moves nothing. */
export function decideRollbackSealed(state: ReleaseState, { decision, now }: Timed<Receipt>): Yes {
  const { verdict, detail, actor, reason_codes } = decision;
  if (detail.trigger === 'drill') return nothing;
  const to = detail.to as { pack_id?: string } | undefined;
  const done = verdict === 'PASS';
  const code = done ? null : (reason_codes[0] ?? 'ROLLBACK_TARGET_MISSING');
  const act: Act = {
    action: 'rollback',
    actor,
    reason: typeof detail.reason === 'string' ? detail.reason : '',
    at: now,
  };
  return answered(state, { done, code, to_pack_id: to?.pack_id ?? null, act }, now);
}

/** There is no way back that may be gone: nothing moves. */
export function decideRollbackRefused(state: ReleaseState, { code, now }: Timed<RollbackRefused>): Yes {
  const act: Act = { action: 'rollback', actor: 'release', reason: '', at: now };
  return answered(state, { done: false, code, to_pack_id: null, act }, now);
}
