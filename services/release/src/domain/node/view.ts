import type { NodeView } from '@orgo/contracts';
import type { NodeState } from './state.ts';

/** A node as the API shows it. `health` is the node's own word, `DRIFTED` where it shows another pack than it confirmed, or where its enrollment stands. */
export const nodeView = (state: NodeState, enrollment: number | null): NodeView => ({
  instance_id: state.instance_id,
  tenant_id: state.tenant_id,
  channel: state.identity?.channel ?? '',
  key_id: state.identity?.key_id ?? '',
  labels: state.identity?.labels ?? {},
  enrollment,
  active_pack_id: state.said?.active_pack_id ?? null,
  last_report_at: state.last_report_at,
  health: state.phase !== 'ENROLLED' ? state.phase : state.drifted ? 'DRIFTED' : (state.said?.health ?? 'UNKNOWN'),
});
