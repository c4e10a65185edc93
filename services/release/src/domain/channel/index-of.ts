import type { ChannelIndex } from '@orgo/contracts';
import type { ChannelState } from './state.ts';

/** What the channel says to its nodes now. The same state gives the same index; null before the channel has said anything. */
export function channelIndexOf(state: ChannelState): ChannelIndex | null {
  if (state.index_seq === 0) return null;
  const barred = [...state.revoked, ...state.quarantined].map(({ pack_id }) => pack_id);
  return {
    v: 1,
    tenant_id: state.tenant_id,
    channel: state.channel,
    index_seq: state.index_seq,
    current: state.current,
    candidate: state.candidate,
    floor: { pack_seq: state.floor.pack_seq },
    revoked_packs: [...new Set(barred)].sort(),
    frozen: state.frozen !== null,
    rollback: state.rollback?.envelope ?? null,
  };
}
