import type { ReasonCode } from '@orgo/contracts';
import type { Outcome } from '@orgo/core';
import type { ChannelEvent } from '../events.ts';
import { evolveChannel } from '../evolve.ts';
import type { ChannelSend } from '../sends.ts';
import type { ChannelState } from '../state.ts';

export type ChannelOutcome = Outcome<ChannelEvent, ChannelSend, never>;

export const yes = (events: ChannelEvent[], sends: ChannelSend[] = []): ChannelOutcome => ({
  ok: true,
  events,
  sends,
  alarms: [],
});

/** Already so: accepted, and nothing changes. */
export const nothing: ChannelOutcome = yes([]);

export const no = (code: ReasonCode, detail: string, events: ChannelEvent[] = []): ChannelOutcome => ({
  ok: false,
  code,
  detail,
  events,
});

export const fold = (state: ChannelState, events: readonly ChannelEvent[]): ChannelState =>
  events.reduce(evolveChannel, state);

const releasesOf = ({ current, candidate, waiting }: ChannelState): string[] => [
  ...[current?.release_id ?? [], candidate?.offer.release_id ?? []].flat(),
  ...waiting,
];

/** What follows from events: the index is published wherever it changed, and every release it was or is about is told. */
export function published(state: ChannelState, outcome: ChannelOutcome): ChannelOutcome {
  const events = outcome.events ?? [];
  const after = fold(state, events);
  if (after.index_seq === state.index_seq) return outcome;
  const tell = [...new Set([...releasesOf(state), ...releasesOf(after)])].sort();
  return { ...outcome, sends: [...(outcome.sends ?? []), { send: 'publish', index_seq: after.index_seq, tell }] };
}
