import type { Digest, GateDecision, NodeLabels, NodeReport, ReasonCode } from '@orgo/contracts';
import type { Outcome } from '@orgo/core';
import { blankClaimDecision, type VerifiedClaim } from '../claim-decision.ts';
import { type DecisionCode, toldCodes } from '../codes.ts';
import { type DecisionSend, sendOf, uniqueCodes } from '../decision.ts';
import type { LastReport, NodeEvent, NodeGate } from './machine.ts';

/** What a NODE_JOIN claim asks to enroll; null where it is malformed. */
export type JoinFacts = {
  instance_id: string;
  channel: string;
  public_key: string;
  key_id: string;
  labels: NodeLabels;
} | null;

/** What the shell found out about a report: whose key signed it, what it says, and what the release it speaks of allows. */
export type ReportFacts = {
  instance_id: string;
  /** The key that the signature was verified with, or why it was not. */
  signed: { ok: true; key_id: string } | { ok: false; code: ReasonCode };
  report: NodeReport | null;
  nonce_used: boolean;
  release: {
    pack_id: string;
    channel: string;
    release_seq: number | null;
    /** The number that the pack was opened under in the channel; null while no step of it was. */
    pack_seq: number | null;
    decision: Digest;
  } | null;
};

export type NodeInput = VerifiedClaim & { join: { node: JoinFacts } | null; report: ReportFacts | null };

export type NodeOutcome = Outcome<NodeEvent, DecisionSend, never>;

const silent = (code: ReasonCode, detail: string): NodeOutcome => ({ ok: false, code, detail });

/** The gate of a node: enrolls its key, and judges its signed reports. */
export function decideNode(state: NodeGate, input: NodeInput): NodeOutcome {
  if (input.claim.claim === 'NODE_JOIN' && input.join !== null) return decideJoin(state, input, input.join.node);
  if (input.claim.claim === 'NODE_REPORT' && input.report !== null) return decideReport(state, input, input.report);
  return silent('CLAIM_MALFORMED', `${input.claim.claim} is no claim about a node`);
}

const draftOf = (input: NodeInput, more: Partial<GateDecision>): GateDecision => ({
  ...blankClaimDecision(input, input.claim),
  ...more,
});

/** The first key of an instance stands; another one for the same name is refused, the same one may move to another channel. */
function decideJoin(state: NodeGate, input: NodeInput, node: JoinFacts): NodeOutcome {
  if (node === null) return silent('CLAIM_MALFORMED', 'no instance, channel, labels or Ed25519 key');
  const taken = state.key_id !== null && state.key_id !== node.key_id;
  const detail = {
    instance_id: node.instance_id,
    channel: node.channel,
    key_id: node.key_id,
    public_key: node.public_key,
    labels: node.labels,
  };
  if (taken) {
    const send = sendOf(
      draftOf(input, {
        kind: 'NODE_JOIN',
        verdict: 'FAIL',
        final: true,
        reason_codes: ['KEY_NOT_TRUSTED_FOR_ROLE'],
        detail,
      }),
    );
    return { ok: true, events: [], sends: [send], alarms: [] };
  }
  const send = sendOf(draftOf(input, { kind: 'NODE_JOIN', verdict: 'PASS', final: true, detail }));
  const { public_key, key_id, channel } = node;
  return {
    ok: true,
    events: [{ type: 'NODE_ENROLLED', decision: send.digest, public_key, key_id, channel }],
    sends: [send],
    alarms: [],
  };
}

/**
 * A report counts when an enrolled key signed it, its nonce is the one the release service gave and was never used, and it speaks of this
 * release. What no node can be held to is refused and counted, not sealed: the door for reports is open to anyone.
 */
function decideReport(state: NodeGate, input: NodeInput, facts: ReportFacts): NodeOutcome {
  if (state.key_id === null) return silent('REPORT_NOT_ENROLLED', `${facts.instance_id} is not enrolled`);
  if (!facts.signed.ok) return silent(facts.signed.code, 'the report is not signed by the node');
  if (facts.signed.key_id !== state.key_id)
    return silent('REPORT_NOT_ENROLLED', 'signed by a key that is no longer enrolled');
  const { report } = facts;
  if (report === null) return silent('REPORT_MALFORMED', 'signed by the node, but no report');
  if (facts.nonce_used || state.nonces.includes(report.nonce))
    return silent('REPORT_REPLAYED', 'the nonce was used before');
  if (report.nonce !== input.claim.detail.nonce)
    return silent('REPORT_REPLAYED', 'the nonce is not the one that was given');
  const speaksOf =
    report.tenant_id === state.tenant_id &&
    report.instance_id === state.instance_id &&
    report.release_id === input.build_id;
  if (!speaksOf) return silent('REPORT_MALFORMED', 'the report speaks of another tenant, node or release');

  if (facts.release !== null && facts.release.channel !== state.channel)
    return silent(
      'TARGET_NOT_FOR_CHANNEL',
      `a node of ${state.channel} speaks of a release to ${facts.release.channel}`,
    );

  const reason_codes = uniqueCodes([...findings(report, facts), ...drift(state, report, facts)]);
  const verdict = reason_codes.length === 0 ? 'PASS' : 'FAIL';
  const { v: _v, tenant_id: _tenant, release_id: _release, ...said } = report;
  const send = sendOf(
    draftOf(input, {
      kind: 'NODE_REPORT',
      verdict,
      reason_codes,
      rests_on: [state.enrolled_by, facts.release?.decision ?? null].filter((digest) => digest !== null),
      detail: { ...said, key_id: state.key_id },
    }),
  );
  const last: LastReport = {
    release_id: input.build_id,
    pack_id: report.active_pack_id ?? '',
    verdict,
    decision: send.digest,
    confirmed:
      verdict === 'PASS' && runs(report, facts) ? { channel: report.channel, pack_seq: report.pack_seq } : null,
  };
  return { ok: true, events: [{ type: 'NODE_REPORTED', nonce: report.nonce, last }], sends: [send], alarms: [] };
}

/** Why a report does not confirm its release; empty where it does. */
function findings(report: NodeReport, { release }: ReportFacts): DecisionCode[] {
  if (release === null) return ['RELEASE_NOT_FOUND'];
  const { type, status, reason_code } = report.attempt;
  const failed = status === 'FAILED' ? toldCodes([reason_code ?? ''], 'ACTIVATION_NOT_CONFIRMED') : [];
  const elsewhere: DecisionCode[] = report.channel === release.channel ? [] : ['TARGET_NOT_FOR_CHANNEL'];
  const { pack_seq } = release;
  const numbered: DecisionCode[] = pack_seq === null || report.pack_seq === pack_seq ? [] : ['REPORT_NUMBER_MISMATCH'];
  // Who brings a pack, or begins to go back to it, says nothing yet about what it runs.
  const isOver = type !== 'PREFETCH' && status !== 'IN_PROGRESS';
  const active = report.pack_id === release.pack_id && (!isOver || report.active_pack_id === release.pack_id);
  return [...failed, ...elsewhere, ...numbered, ...(active ? [] : (['ACTIVATION_NOT_CONFIRMED'] as const))];
}

/** Whether a report says that the node answers from its release's pack. */
const runs = (report: NodeReport, { release }: ReportFacts): boolean =>
  release !== null &&
  report.attempt.type !== 'PREFETCH' &&
  report.attempt.status === 'SUCCEEDED' &&
  report.active_pack_id === release.pack_id;

/**
 * A node that proved to run one pack and shows another. A newer pack of an authorized release is an activation whose own report was lost; an older
 * one is where it should be only after going back was said (KS-06, integrity list 58).
 */
function drift({ held }: NodeGate, report: NodeReport, facts: ReportFacts): DecisionCode[] {
  if (!held?.confirmed || report.active_pack_id === held.pack_id) return [];
  const { type } = report.attempt;
  const forward = report.pack_seq > held.confirmed.pack_seq || type === 'ROLLBACK';
  return runs(report, facts) && (forward || report.channel !== held.confirmed.channel) ? [] : ['STATE_DRIFT'];
}
