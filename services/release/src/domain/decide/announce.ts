import type { ReleasePhase } from '@orgo/contracts';
import type { Send } from '../sends.ts';
import type { ReleaseState } from '../state.ts';

/** What the world is told about a turn: one public event, where the phase or the step changed, with the phase the release is in after it. */
export function announce(before: ReleaseState, after: ReleaseState): Send[] {
  if (before.changes === after.changes && before.current === after.current) return [];
  return [
    {
      send: 'event',
      change: {
        n: after.version,
        phase: after.phase as ReleasePhase,
        build_id: after.build_id,
        channel: after.channel,
        release_seq: after.place?.release_seq ?? null,
        pack_id: after.eligible?.pack_id ?? null,
        kristal_id: after.eligible?.kristal_id ?? null,
        step: after.steps.length === 0 ? null : after.current,
        reason_codes: after.reason_codes,
      },
    },
  ];
}
