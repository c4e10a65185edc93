import type { ReleaseState } from './state.ts';

const names = (state: ReleaseState, wanted: 'WAITING' | 'FAILED'): string =>
  state.nodes
    .filter((node) => node.state === wanted)
    .map((node) => node.instance_id)
    .join(', ');

/** What a release waits for, in words for a person; null when nothing more is to come. */
export function waitingFor(state: ReleaseState): string | null {
  switch (state.phase) {
    case 'QUEUED':
      return "the build's sealed record";
    case 'VERIFYING':
      return "the gatekeeper's verification of every byte";
    case 'VERIFIED':
      return `publication to ${state.channel}`;
    case 'RELEASING':
      return state.nodes.length === 0
        ? `the first node of ${state.channel}`
        : `the activation by ${names(state, 'WAITING')}`;
    case 'PAUSED': {
      const failed = names(state, 'FAILED');
      const why = failed === '' ? `${names(state, 'WAITING')} did not confirm` : `${failed} failed`;
      return `every node to activate the pack: ${why} (${state.reason_codes.join(', ')})`;
    }
    default:
      return null;
  }
}
