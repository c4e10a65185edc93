import type { GateDecision } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import type { AlarmFired, ChannelPublished, Receipt, Timed } from '../inputs.ts';
import { reportedOf } from '../node/reported.ts';
import { activationAlarm } from '../sends.ts';
import type { NodeProgress, Phase, ReleaseState } from '../state.ts';
import { and, nothing, type Yes, yes } from './outcome.ts';

/** Node reasons in the order of the nodes, each once. */
const failures = (nodes: readonly NodeProgress[]): string[] => [
  ...new Set(
    nodes.filter((node) => node.state === 'FAILED').map((node) => node.reason_code ?? 'ACTIVATION_NOT_CONFIRMED'),
  ),
];

/** Phases in which reports are taken; after RELEASED they keep the nodes' picture true and move nothing. */
const listening: readonly Phase[] = ['VERIFIED', 'RELEASING', 'PAUSED', 'RELEASED'];

const allActive = (nodes: readonly NodeProgress[]): boolean =>
  nodes.length > 0 && nodes.every((node) => node.state === 'ACTIVE');

/**
 * What the nodes' states come to: RELEASED needs every node of the list, and at least one; one that failed pauses the release until all
 * have succeeded.
 */
function judge(state: ReleaseState, now: string): Yes {
  const completed = { events: [{ type: 'ReleaseCompleted' as const, at: now }], alarms: [{ cancel: activationAlarm }] };
  if (state.phase === 'PAUSED') {
    return allActive(state.nodes)
      ? yes({ ...completed, events: [{ type: 'ReleaseResumed', at: now }, ...completed.events] })
      : nothing;
  }
  if (state.phase !== 'RELEASING') return nothing;
  const reason_codes = failures(state.nodes);
  if (reason_codes.length > 0) {
    return yes({
      events: [{ type: 'ReleasePaused', at: now, reason_codes }],
      alarms: [{ cancel: activationAlarm }],
    });
  }
  return allActive(state.nodes) ? yes(completed) : nothing;
}

/** The channel names this release. Its nodes have until the deadline; without a node it waits for the first one. */
export function decidePublished(state: ReleaseState, input: Timed<ChannelPublished>): Yes {
  const { release_seq, index_seq: publication, place, nodes, deadline_ms, now } = input;
  if (state.phase !== 'VERIFIED' || place !== 'current' || release_seq === null) return nothing;
  const published = yes({
    events: [{ type: 'ReleasePublished', at: now, release_seq, publication, nodes }],
    alarms: nodes.length === 0 ? [] : [{ id: activationAlarm, kind: 'activation', due_in_ms: deadline_ms, data: {} }],
  });
  return and(state, published, (releasing) => judge(releasing, now));
}

/**
 * What a decision about a report says about this release; null for what says nothing about it. Only the gatekeeper's PASS makes a node
 * active, and only for an activation: what answers queries now, not what was written or once ran (KS-01).
 */
function progressOf(state: ReleaseState, decision: GateDecision): NodeProgress | null {
  const said = reportedOf(decision);
  if (said === null || said.channel !== state.channel) return null;
  if (state.place !== null && said.release_seq !== state.place.release_seq) return null;
  const { instance_id, active_pack_id, attempt } = said;
  if (decision.verdict === 'PASS' && attempt.type === 'ACTIVATE' && active_pack_id === state.eligible?.pack_id)
    return { instance_id, state: 'ACTIVE', active_pack_id, reason_code: null };
  if (attempt.type === 'VERIFY' && attempt.status === 'SUCCEEDED')
    return { instance_id, state: 'WAITING', active_pack_id, reason_code: null };
  const reason_code = decision.reason_codes[0] ?? 'ACTIVATION_NOT_CONFIRMED';
  return { instance_id, state: 'FAILED', active_pack_id, reason_code };
}

/** A node's report that the gatekeeper judged and audit sealed. */
export function decideReport(state: ReleaseState, input: Timed<Receipt>): Yes {
  const { decision, decision_digest, log_index, now } = input;
  if (!listening.includes(state.phase)) return nothing;
  const node = progressOf(state, decision);
  if (node === null) return nothing;
  const known = state.nodes.find((other) => other.instance_id === node.instance_id);
  if (known !== undefined && canonical(known) === canonical(node)) return nothing;
  const noted = yes({ events: [{ type: 'NodeReported', at: now, node, decision_digest, log_index }] });
  return and(state, noted, (reported) => judge(reported, now));
}

/** The nodes had their time. */
export function decideAlarm(state: ReleaseState, { now }: Timed<AlarmFired>): Yes {
  if (state.phase !== 'RELEASING' || state.nodes.length === 0) return nothing;
  return yes({ events: [{ type: 'ReleasePaused', at: now, reason_codes: ['ACTIVATION_NOT_CONFIRMED'] }] });
}
