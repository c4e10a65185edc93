import type { Digest } from '@orgo/contracts';
import { next, type TransitionTable } from '@orgo/core';

export const channelGatePhases = ['OPEN', 'FROZEN'] as const;
export type ChannelGatePhase = (typeof channelGatePhases)[number];

/** A rollback that was given leave, until a person lifts the freeze it left; `validated` when no node runs what it leads away from. */
export type OpenRollback = {
  rollback_id: string;
  from_pack_id: string;
  to_pack_id: string;
  decision: Digest;
  validated: boolean;
};

/** What a channel may do, by the gatekeeper's own decisions alone. `floor` only rises; what is banned stays banned. */
export type ChannelGate = {
  tenant_id: string;
  channel: string;
  phase: ChannelGatePhase;
  /** Lowest `pack_seq` that may run. */
  floor: number;
  revoked: string[];
  quarantined: string[];
  pin: { pack_id: string; until: string | null } | null;
  open: OpenRollback[];
  /** When rollbacks were given leave, newest last: what the rate is counted by. */
  rolled_back_at: string[];
  decisions: number;
};

export const initialChannelGate = (key: { tenant_id: string; id: string }): ChannelGate => ({
  tenant_id: key.tenant_id,
  channel: key.id,
  phase: 'OPEN',
  floor: 0,
  revoked: [],
  quarantined: [],
  pin: null,
  open: [],
  rolled_back_at: [],
  decisions: 0,
});

export type ChannelGateEvent =
  | { type: 'CHANNEL_FROZEN'; decision: Digest }
  | { type: 'CHANNEL_UNFROZEN'; decision: Digest }
  | { type: 'PACK_PINNED'; decision: Digest; pack_id: string; until: string | null }
  | { type: 'PACK_UNPINNED'; decision: Digest }
  | { type: 'PACK_REVOKED'; decision: Digest; pack_id: string }
  | { type: 'PACK_QUARANTINED'; decision: Digest; pack_id: string }
  | { type: 'FLOOR_RAISED'; decision: Digest; pack_seq: number }
  | { type: 'ROLLBACK_AUTHORIZED'; decision: Digest; at: string; rollback: OpenRollback }
  | { type: 'ROLLBACK_VALIDATED'; decision: Digest; rollback_id: string }
  /** Refused, or a drill: on record, and nothing is other than before. */
  | { type: 'CHANNEL_REFUSED'; decision: Digest };

const same: Readonly<
  Record<Exclude<ChannelGateEvent['type'], 'CHANNEL_FROZEN' | 'CHANNEL_UNFROZEN' | 'ROLLBACK_AUTHORIZED'>, 0>
> = {
  PACK_PINNED: 0,
  PACK_UNPINNED: 0,
  PACK_REVOKED: 0,
  PACK_QUARANTINED: 0,
  FLOOR_RAISED: 0,
  ROLLBACK_VALIDATED: 0,
  CHANNEL_REFUSED: 0,
};
const stays = <P extends ChannelGatePhase>(phase: P): Record<keyof typeof same, P> =>
  Object.fromEntries(Object.keys(same).map((type) => [type, phase])) as Record<keyof typeof same, P>;

/** The gate of a channel: a rollback always leaves it frozen, and only a person's decision opens it again. */
export const channelGateTable: TransitionTable<ChannelGatePhase, ChannelGateEvent['type']> = {
  OPEN: { ...stays('OPEN'), CHANNEL_FROZEN: 'FROZEN', ROLLBACK_AUTHORIZED: 'FROZEN' },
  FROZEN: { ...stays('FROZEN'), CHANNEL_FROZEN: 'FROZEN', CHANNEL_UNFROZEN: 'OPEN', ROLLBACK_AUTHORIZED: 'FROZEN' },
};

/** Rollbacks kept for the rate: more than any policy allows in an hour. */
const maxCounted = 64;

/** Folds a decided event; total. */
export function evolveChannelGate(before: ChannelGate, event: ChannelGateEvent): ChannelGate {
  const state = {
    ...before,
    phase: next(channelGateTable, before.phase, event.type) ?? before.phase,
    decisions: before.decisions + 1,
  };
  switch (event.type) {
    case 'CHANNEL_FROZEN':
    case 'CHANNEL_REFUSED':
      return state;
    case 'CHANNEL_UNFROZEN':
      return { ...state, open: [] };
    case 'PACK_PINNED':
      return { ...state, pin: { pack_id: event.pack_id, until: event.until } };
    case 'PACK_UNPINNED':
      return { ...state, pin: null };
    case 'PACK_REVOKED':
      return { ...state, revoked: [...state.revoked, event.pack_id] };
    case 'PACK_QUARANTINED':
      return { ...state, quarantined: [...state.quarantined, event.pack_id] };
    case 'FLOOR_RAISED':
      return { ...state, floor: Math.max(state.floor, event.pack_seq) };
    case 'ROLLBACK_AUTHORIZED':
      return {
        ...state,
        open: [...state.open, event.rollback].slice(-maxCounted),
        rolled_back_at: [...state.rolled_back_at, event.at].slice(-maxCounted),
      };
    case 'ROLLBACK_VALIDATED': {
      // With it those before it: what nodes run now is where the newest one led.
      const last = state.open.findIndex(({ rollback_id }) => rollback_id === event.rollback_id);
      return { ...state, open: state.open.map((one, at) => (at <= last ? { ...one, validated: true } : one)) };
    }
    default:
      return event satisfies never;
  }
}
