import type { Digest, GateClaim, GateDecision } from '@orgo/contracts';
import { blankClaim, canonical, digestOf, type JsonValue, next, type Outcome, type TransitionTable } from '@orgo/core';
import { channelFault } from '../channel/channel-name.ts';
import { type No, no, type Timed } from '../inputs.ts';
import { type Reported, reportedOf } from './reported.ts';
import type { Identity, NodePhase, NodeState } from './state.ts';

type Of = { tenant_id: string; instance_id: string };

/** A person asks to enroll a node. `subject_id` names the enrollment in the log: it is about no release. */
export type Join = Of & { type: 'join'; identity: Identity; subject_id: string; actor: string };

/** A report came in: of the right form, signed by the enrolled key, under a nonce that was given and not used. */
export type Report = Of & { type: 'report'; release_id: string; nonce: string; envelope: JsonValue };

/** A sealed NODE_JOIN or NODE_REPORT decision; signature and seal were verified before. */
export type NodeReceipt = Of & { type: 'receipt'; decision: GateDecision; decision_digest: Digest };

export type NodeInput = Join | Report | NodeReceipt;

export type NodeEvent =
  | { type: 'NodeJoinAsked'; at: string; identity: Identity }
  | { type: 'NodeEnrolled'; at: string; decision_digest: Digest }
  | { type: 'NodeRefused'; at: string; reason_codes: string[]; decision_digest: Digest }
  | {
      type: 'NodeReported';
      at: string;
      release_id: string;
      verdict: 'PASS' | 'FAIL';
      reason_codes: string[];
      said: Reported;
      decision_digest: Digest;
    };

/** The gatekeeper alone enrolls: a node that was asked for is JOINING until its decision is sealed. */
export const nodeTable: TransitionTable<NodePhase, NodeEvent['type']> = {
  NEW: { NodeJoinAsked: 'JOINING' },
  JOINING: { NodeJoinAsked: 'JOINING', NodeEnrolled: 'ENROLLED', NodeRefused: 'REFUSED' },
  ENROLLED: { NodeJoinAsked: 'JOINING', NodeReported: 'ENROLLED' },
  REFUSED: { NodeJoinAsked: 'JOINING' },
};

/** What a node's machine says: claims to the gatekeeper. */
export type NodeSend = { send: 'claim'; claim: GateClaim };
export type NodeDecision = Outcome<NodeEvent, NodeSend, never>;

export const nodeKeyOf = (input: NodeInput): { tenant_id: string; id: string } => ({
  tenant_id: input.tenant_id,
  id: input.instance_id,
});

const nothing: NodeDecision = { ok: true, events: [], sends: [], alarms: [] };
const yes = (events: NodeEvent[], sends: NodeSend[] = []): NodeDecision => ({ ok: true, events, sends, alarms: [] });

const claimOf = (
  input: Timed<Of>,
  claim: Pick<GateClaim, 'claim' | 'build_id' | 'idem_key' | 'actor' | 'detail'>,
): GateClaim => blankClaim({ tenant_id: input.tenant_id, as_of: input.now, ...claim });

/** The first key of a name stands; the same key may move to another channel or take other labels, and is then enrolled anew. */
function decideJoin(state: NodeState, input: Timed<Join>): NodeDecision | No {
  const { identity, tenant_id, instance_id, subject_id, actor, now } = input;
  const fault = channelFault(identity.channel);
  if (fault !== null) return fault;
  const known = state.phase === 'REFUSED' ? null : state.identity;
  if (known !== null && known.key_id !== identity.key_id)
    return no('KEY_NOT_TRUSTED_FOR_ROLE', `another key is enrolled as ${instance_id}`);
  const isSame = known?.channel === identity.channel && canonical(known.labels) === canonical(identity.labels);
  if (state.phase === 'ENROLLED' && isSame) return nothing;
  // Asked again for the same, the claim is said again: the first may have been refused at the gatekeeper's door.
  if (state.phase === 'JOINING' && !isSame)
    return no('STATE_CONFLICT', `${instance_id} is being enrolled in ${known?.channel}`);
  const claim = claimOf(input, {
    claim: 'NODE_JOIN',
    build_id: subject_id,
    idem_key: digestOf([
      'orgo.join.v1',
      tenant_id,
      instance_id,
      identity.key_id,
      identity.channel,
      identity.labels,
      state.joins + 1,
    ]),
    actor,
    detail: { instance_id, channel: identity.channel, public_key: identity.public_key, labels: identity.labels },
  });
  return yes([{ type: 'NodeJoinAsked', at: now, identity }], [{ send: 'claim', claim }]);
}

/** Hands a report on to who may judge it. Nothing changes here before the decision is sealed. */
function decideReport(state: NodeState, input: Timed<Report>): NodeDecision | No {
  const { tenant_id, instance_id, release_id, nonce, envelope } = input;
  if (state.phase !== 'ENROLLED') return no('REPORT_NOT_ENROLLED', `${instance_id} is not enrolled`);
  const claim = claimOf(input, {
    claim: 'NODE_REPORT',
    build_id: release_id,
    idem_key: digestOf(['orgo.report.v1', tenant_id, instance_id, nonce]),
    actor: `node:${instance_id}`,
    detail: { instance_id, nonce, envelope },
  });
  return yes([], [{ send: 'claim', claim }]);
}

function decideReceipt(state: NodeState, { decision, decision_digest, now }: Timed<NodeReceipt>): NodeDecision {
  if (decision.kind === 'NODE_REPORT' && state.phase === 'ENROLLED') {
    const said = reportedOf(decision);
    if (said === null) return nothing;
    const { build_id: release_id, reason_codes } = decision;
    const verdict = decision.verdict === 'PASS' ? 'PASS' : 'FAIL';
    return yes([{ type: 'NodeReported', at: now, release_id, verdict, reason_codes, said, decision_digest }]);
  }
  if (decision.kind !== 'NODE_JOIN' || state.phase !== 'JOINING') return nothing;
  const { reason_codes } = decision;
  return decision.verdict === 'PASS'
    ? yes([{ type: 'NodeEnrolled', at: now, decision_digest }])
    : yes([{ type: 'NodeRefused', at: now, reason_codes, decision_digest }]);
}

/** The node machine: who is enrolled, and what the last sealed report says. It judges nothing. */
export function decideNode(state: NodeState, input: Timed<NodeInput>): NodeDecision | No {
  switch (input.type) {
    case 'join':
      return decideJoin(state, input);
    case 'report':
      return decideReport(state, input);
    case 'receipt':
      return decideReceipt(state, input);
    default:
      return input satisfies never;
  }
}

/** Folds a decided event; total. */
export function evolveNode(state: NodeState, event: NodeEvent): NodeState {
  const moved = { ...state, phase: next(nodeTable, state.phase, event.type) ?? state.phase };
  switch (event.type) {
    case 'NodeJoinAsked':
      return { ...moved, identity: event.identity, joins: state.joins + 1, reason_codes: [] };
    case 'NodeEnrolled':
      return moved;
    case 'NodeRefused':
      return { ...moved, reason_codes: event.reason_codes };
    case 'NodeReported':
      return {
        ...moved,
        said: event.said,
        last_report_at: event.at,
        drifted: event.reason_codes.includes('STATE_DRIFT'),
      };
    default:
      return event satisfies never;
  }
}
