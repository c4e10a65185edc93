import type { ChannelStatus } from '@orgo/contracts';
import { status, table } from './output.ts';

const short = (pack: string | null | undefined): string => (pack ? pack.slice(0, 12) : '–');

type Offer = ChannelStatus['index']['current'];
const offerLine = (name: string, offer: Offer, more = ''): string =>
  `${name.padEnd(11)}${offer === null ? '–' : `${short(offer.pack_id)}  pack_seq ${offer.pack_seq}  release_seq ${offer.release_seq}  ${offer.release_id}${more}`}`;

const by = ({ actor, reason, at }: { actor: string; reason: string; at: string }): string =>
  `by ${actor} at ${at}: ${reason}`;

function limits(c: ChannelStatus): string[] {
  return [
    ...(c.frozen ? [`frozen     ${c.frozen.cause}, ${by(c.frozen)}`] : []),
    ...(c.pin ? [`pinned     ${short(c.pin.pack_id)}${c.pin.until ? ` until ${c.pin.until}` : ''}, ${by(c.pin)}`] : []),
    ...(c.floor.pack_seq > 0
      ? [`floor      pack_seq ${c.floor.pack_seq}${c.floor.set ? `, ${by(c.floor.set)}` : ''}`]
      : []),
    ...c.revoked.map((pack) => `revoked    ${short(pack.pack_id)}, ${by(pack)}`),
    ...c.quarantined.map((pack) => `put aside  ${short(pack.pack_id)}, ${by(pack)}`),
    ...(c.rollback
      ? [
          `rollback   ${short(c.rollback.from_pack_id)} → ${short(c.rollback.to_pack_id)}, ${c.rollback.validated_at ? `validated at ${c.rollback.validated_at}` : 'not validated yet'}`,
        ]
      : []),
  ];
}

/** A channel for a person: what it says, what limits it, its history, and which nodes are elsewhere. */
export function describeChannel(c: ChannelStatus): string[] {
  const { candidate } = c.index;
  const cohorts = candidate === null ? '' : `  ${candidate.cohorts.length} cohorts open`;
  const { nodes, as_intended, behind, drifted, unknown } = c.counts;
  return [
    `${c.channel}  ${status(c.status)}  index ${c.index.index_seq}  changed ${c.changed_at}`,
    offerLine('current', c.index.current),
    offerLine('candidate', candidate?.offer ?? null, cohorts),
    `known good ${short(c.last_known_good)}`,
    ...limits(c),
    `nodes      ${nodes}: ${as_intended} as intended, ${behind} behind, ${drifted} drifted, ${unknown} unknown`,
    ...(c.nodes.length === 0
      ? []
      : table(
          ['NODE', 'STATE', 'RUNS', 'INTENDED'],
          c.nodes.map((n) => [n.instance_id, status(n.state), short(n.active_pack_id), short(n.intended_pack_id)]),
        )),
    ...table(
      ['RELEASE_SEQ', 'PACK_SEQ', 'PACK', 'CONFIRMED', 'RELEASE'],
      c.offers
        .slice(0, 10)
        .map((offer) => [
          `${offer.release_seq}`,
          `${offer.pack_seq}`,
          short(offer.pack_id),
          offer.confirmed_at ?? (offer.withdrawn_at ? 'withdrawn' : '–'),
          offer.release_id,
        ]),
    ),
    ...(c.changes.length === 0
      ? []
      : table(
          ['CHANGE', 'STATUS', 'LOG', 'ACTOR', 'REASON'],
          c.changes
            .slice(0, 10)
            .map((change) => [
              change.kind,
              status(change.status),
              `${change.log_index ?? '–'}`,
              change.actor,
              [change.reason, ...change.reason_codes].join(' '),
            ]),
        )),
  ];
}
