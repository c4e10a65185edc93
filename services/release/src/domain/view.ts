import type { ReleasePhase, ReleaseStatus } from '@orgo/contracts';
import type { ReleaseState } from './state.ts';
import { waitingFor } from './waiting.ts';

/** The public state of a release. `version` counts its events. */
export const statusOf = (state: ReleaseState, version: number): ReleaseStatus => ({
  release_id: state.release_id,
  tenant_id: state.tenant_id,
  build_id: state.build_id,
  channel: state.channel,
  release_seq: state.place?.release_seq ?? null,
  status: state.phase as ReleasePhase,
  reason_codes: state.reason_codes,
  kristal_id: state.eligible?.kristal_id ?? null,
  pack_id: state.eligible?.pack_id ?? null,
  nodes: state.nodes,
  waiting_for: waitingFor(state),
  events: state.history,
  version,
});
