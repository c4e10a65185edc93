import type { ChannelIndex, ChannelStatus } from '@orgo/contracts';
import { type CohortMember, isInCohort } from '@orgo/core';
import { channelIndexOf } from './index-of.ts';
import { rollbackTarget } from './rollback-target.ts';
import type { ChannelState } from './state.ts';

/** A node of the channel, as its last sealed report shows it. */
export type ChannelNode = CohortMember & { active_pack_id: string | null; reported: boolean; drifted: boolean };

const maxOffers = 50;
const maxNodes = 256;

type NodeLine = ChannelStatus['nodes'][number];

/** The pack that the channel wants a node to run; null where it wants none. */
export function intendedPack({ candidate, current }: ChannelIndex, node: CohortMember): string | null {
  if (candidate !== null && isInCohort(candidate.cohorts, candidate.offer.release_id, node))
    return candidate.offer.pack_id;
  return current?.pack_id ?? null;
}

function lineOf(index: ChannelIndex, node: ChannelNode): NodeLine {
  const { instance_id, active_pack_id } = node;
  const intended_pack_id = intendedPack(index, node);
  const state = node.drifted
    ? 'DRIFTED'
    : !node.reported
      ? 'UNKNOWN'
      : active_pack_id === intended_pack_id
        ? 'AS_INTENDED'
        : 'BEHIND';
  return { instance_id, active_pack_id, intended_pack_id, state };
}

/** A channel as the API shows it: intent beside what its nodes said (KS-06). Null before the channel has said anything. */
export function channelView(state: ChannelState, nodes: readonly ChannelNode[]): ChannelStatus | null {
  const index = channelIndexOf(state);
  if (index === null || state.phase === 'NEW') return null;
  const { rollback: _envelope, ...shown } = index;
  const lines = nodes.map((node) => lineOf(index, node));
  const count = (wanted: NodeLine['state']): number => lines.filter((line) => line.state === wanted).length;
  const target = rollbackTarget(state, { mode: 'last_known_good', pack_id: null, release_id: null });
  const { rollback } = state;
  return {
    tenant_id: state.tenant_id,
    channel: state.channel,
    status: state.phase,
    index: shown,
    changed_at: state.changed_at,
    release_seq: state.release_seq,
    pin: state.pin,
    frozen: state.frozen,
    revoked: state.revoked,
    quarantined: state.quarantined,
    floor: state.floor,
    offers: state.offers
      .slice(-maxOffers)
      .reverse()
      .map(({ release_id, release_seq, pack_seq, pack_id, at, confirmed_at, withdrawn_at, rolled_back_at = null }) => ({
        release_id,
        release_seq,
        pack_seq,
        pack_id,
        at,
        confirmed_at,
        withdrawn_at,
        rolled_back_at,
      })),
    last_known_good: target.ok ? target.to.pack_id : null,
    rollback:
      rollback === null
        ? null
        : {
            rollback_id: rollback.rollback_id,
            from_pack_id: rollback.from_pack_id,
            to_pack_id: rollback.to_pack_id,
            expires_at: rollback.expires_at,
            validated_at: rollback.validated_at,
          },
    changes: [...state.asked]
      .reverse()
      .map(({ what: _what, key: _key, why = null, ...change }) => ({ ...change, why })),
    nodes: lines.filter((line) => line.state !== 'AS_INTENDED').slice(0, maxNodes),
    counts: {
      nodes: lines.length,
      as_intended: count('AS_INTENDED'),
      behind: count('BEHIND'),
      drifted: count('DRIFTED'),
      unknown: count('UNKNOWN'),
    },
  };
}
