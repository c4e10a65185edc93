import type { ChannelStatus } from '@orgo/contracts';
import { CliError } from './cli-error.ts';
import { status, table } from './output.ts';

const short = (pack: string | null | undefined): string => (pack ? pack.slice(0, 12) : '–');

type Offer = ChannelStatus['index']['current'];
const offerLine = (name: string, offer: Offer, more = ''): string =>
  `${name.padEnd(11)}${offer === null ? '–' : `${short(offer.pack_id)}  pack_seq ${offer.pack_seq}  release_seq ${offer.release_seq}  ${offer.release_id}${more}`}`;

/** Every pack that the channel knows by its id, newest first. */
const packsOf = (c: ChannelStatus): string[] => [
  ...new Set([...c.offers, ...c.revoked, ...c.quarantined, ...(c.pin ? [c.pin] : [])].map(({ pack_id }) => pack_id)),
];

/** The pack whose id begins so. @throws CliError USAGE_INVALID where none does, or several */
export function packOf(c: ChannelStatus, digits: string): string {
  const known = packsOf(c).filter((pack) => pack.startsWith(digits));
  const [only] = known;
  if (only !== undefined && known.length === 1) return only;
  const which = only === undefined ? `no pack of ${c.channel}` : `more than one pack of ${c.channel}`;
  throw new CliError(
    'USAGE_INVALID',
    `${which} begins with ${digits}`,
    only === undefined
      ? 'Write the whole id, or choose from `orgo channel show`.'
      : `Write more of it: ${known.join(', ')}.`,
  );
}

/** What became of what was just asked, before the channel is shown as it is now. */
export function channelDone(c: ChannelStatus, kind: string, pack: string | null = null): string[] {
  const change = c.changes.find((one) => one.kind === kind && one.status === 'DONE');
  const where = change?.log_index == null ? '' : `, on record at ${change.log_index}`;
  if (kind === 'rollback' && c.rollback !== null)
    return [
      `gone back from ${short(c.rollback.from_pack_id)} to ${short(c.rollback.to_pack_id)}${where}; Case ${c.rollback.rollback_id.replace('chg_', 'case_')}`,
      '',
    ];
  if (kind === 'drill') {
    const from = c.index.candidate?.offer.pack_id ?? c.index.current?.pack_id;
    const to = pack ?? c.last_known_good;
    return [
      `${c.channel} can go back from ${short(from)} to ${short(to)}: every byte of it was read, and the gatekeeper would let it${where}. Nothing moved.`,
      '',
    ];
  }
  return [`${kind}: done${where}`, ''];
}

/** What lets promotions go on, and what that waits for. */
function unfreezing(c: ChannelStatus): string[] {
  if (c.frozen === null) return [];
  const ask = `orgo channel unfreeze ${c.channel} --reason …`;
  const waits = c.rollback !== null && c.rollback.validated_at === null && c.frozen.cause !== 'operator';
  return [`next       ${waits ? `its nodes go back (${c.counts.behind} to go), then ${ask}` : ask}`];
}

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

/** What became of an offer: since when nodes held it, or why it is none to come back to. */
const heldOf = ({ confirmed_at, withdrawn_at, rolled_back_at }: ChannelStatus['offers'][number]): string =>
  rolled_back_at ? 'rolled back' : withdrawn_at ? 'withdrawn' : (confirmed_at ?? '–');

/** A channel for a person: what it says, what limits it, its history, and which nodes are elsewhere. */
export function describeChannel(c: ChannelStatus): string[] {
  const { candidate } = c.index;
  const cohorts = candidate === null ? '' : `  ${candidate.cohorts.length} cohorts open`;
  const { nodes, as_intended, behind, drifted, unknown } = c.counts;
  return [
    `${c.channel}  ${status(c.status)}  index ${c.index.index_seq}  changed ${c.changed_at}`,
    offerLine('current', c.index.current),
    offerLine('candidate', candidate?.offer ?? null, cohorts),
    `way back   ${c.last_known_good === null ? 'none: no older pack that nodes held may run' : short(c.last_known_good)}`,
    ...limits(c),
    ...unfreezing(c),
    `nodes      ${nodes}: ${as_intended} as intended, ${behind} behind, ${drifted} drifted, ${unknown} unknown`,
    ...(c.nodes.length === 0
      ? []
      : table(
          ['NODE', 'STATE', 'RUNS', 'INTENDED'],
          c.nodes.map((n) => [n.instance_id, status(n.state), short(n.active_pack_id), short(n.intended_pack_id)]),
        )),
    ...table(
      ['RELEASE_SEQ', 'PACK_SEQ', 'PACK', 'HELD', 'RELEASE'],
      c.offers
        .slice(0, 10)
        .map((offer) => [
          `${offer.release_seq}`,
          `${offer.pack_seq}`,
          short(offer.pack_id),
          heldOf(offer),
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
              [change.reason, ...change.reason_codes, change.why ? `(${change.why})` : ''].join(' ').trim(),
            ]),
        )),
  ];
}
