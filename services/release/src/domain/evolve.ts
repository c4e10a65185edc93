import { next } from '@orgo/core';
import type { PhaseEvent, ReleaseEvent } from './events.ts';
import type { NodeProgress, ReleaseState } from './state.ts';
import { releaseTable } from './table.ts';

/** Lines kept; more than a release of a small fleet has. The `event` table keeps them all. */
const maxHistory = 200;

const withLine = (state: ReleaseState, event: ReleaseEvent, actor: string): ReleaseState['history'] =>
  [...state.history, { at: event.at, type: event.type, actor }].slice(-maxHistory);

const moved = (state: ReleaseState, event: PhaseEvent, actor = 'release'): ReleaseState => ({
  ...state,
  phase: next(releaseTable, state.phase, event.type) ?? state.phase,
  history: withLine(state, event, actor),
  changes: state.changes + 1,
});

const withNode = (nodes: readonly NodeProgress[], node: NodeProgress): NodeProgress[] =>
  nodes.some((other) => other.instance_id === node.instance_id)
    ? nodes.map((other) => (other.instance_id === node.instance_id ? node : other))
    : [...nodes, node];

/** The frozen list, with what nodes have said before the publication was on record. */
const frozen = (instances: readonly string[], reported: readonly NodeProgress[]): NodeProgress[] =>
  reported.reduce(
    withNode,
    instances.map(
      (instance_id): NodeProgress => ({ instance_id, state: 'WAITING', active_pack_id: null, reason_code: null }),
    ),
  );

/** Folds an event that was decided. Total: it refuses nothing, and folding all events of a release gives its stored state. */
export function evolve(state: ReleaseState, event: ReleaseEvent): ReleaseState {
  switch (event.type) {
    case 'ReleaseCreated':
      return { ...moved({ ...state, ...event.asked }, event, event.asked.actor), created_at: event.at };
    case 'VerifyRequested':
      return { ...moved(state, event), eligible: event.eligible };
    case 'ReleaseVerified':
      return moved(state, event, 'gatekeeper');
    case 'ReleaseFailed':
      return {
        ...moved(state, event, event.sealed === null ? 'release' : 'gatekeeper'),
        reason_codes: event.reason_codes,
      };
    case 'ReleasePublished': {
      const { release_seq, publication, at } = event;
      return {
        ...moved(state, event),
        place: { release_seq, publication, at },
        nodes: frozen(event.nodes, state.nodes),
      };
    }
    case 'ReleasePaused':
      return { ...moved(state, event), reason_codes: event.reason_codes };
    case 'ReleaseResumed':
    case 'ReleaseCompleted':
      return { ...moved(state, event), reason_codes: [] };
    case 'NodeReported':
      return {
        ...state,
        nodes: withNode(state.nodes, event.node),
        history: withLine(state, event, `node:${event.node.instance_id}`),
      };
    default:
      return event satisfies never;
  }
}
