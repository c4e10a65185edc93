import type { Finding } from '../facts.ts';
import type { ReleaseFacts } from './facts.ts';

/** What the channel's own gate says against the pack: barred, older than the floor, or nothing is promoted at all (RO-07, RR-20). */
export function barred(channel: ReleaseFacts['channel'], packId: string): Finding[] {
  if (channel === null) return [];
  const { gate, pack_seq } = channel;
  return [
    ...([...gate.revoked, ...gate.quarantined].includes(packId)
      ? [{ code: 'PACK_REVOKED' as const, detail: `${packId} is barred in ${gate.channel}` }]
      : []),
    ...(pack_seq !== null && pack_seq < gate.floor
      ? [{ code: 'BELOW_SECURITY_FLOOR' as const, detail: `pack_seq ${pack_seq} is below the floor ${gate.floor}` }]
      : []),
    ...(gate.phase === 'FROZEN' ? [{ code: 'CHANNEL_FROZEN' as const, detail: `${gate.channel} is frozen` }] : []),
  ];
}
