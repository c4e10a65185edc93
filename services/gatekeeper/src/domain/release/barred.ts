import type { Finding } from '../facts.ts';
import type { KnownChannel } from './facts.ts';

/**
 * What the channel's own gate says against the pack: barred, older than the floor, or nothing is promoted at all (RO-07, RR-20). Where that gate was not
 * looked at, or another's was, nothing is known in the pack's favour.
 */
export function barred(known: KnownChannel | null, channel: string | null, packId: string): Finding[] {
  if (known === null || known.gate.channel !== channel)
    return [{ code: 'GATE_INPUT_MISMATCH', detail: `the gate of ${channel} was not looked at` }];
  const { gate, pack_seq } = known;
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
