import {
  type ArtifactRef,
  type BuildRecord,
  type GateDecision,
  nameSchema,
  type ReasonCode,
  releasePhases,
} from '@orgo/contracts';
import type { Outcome } from '@orgo/core';
import { blankClaimDecision } from '../claim-decision.ts';
import { isDecisionCode } from '../codes.ts';
import { type DecisionSend, sendOf, signable, sortRefs, uniqueCodes } from '../decision.ts';
import type { Finding } from '../facts.ts';
import { authorizationOf } from '../header.ts';
import { channelFindings, inForce } from '../mandate.ts';
import { type Check, codesOf, stageReport } from '../report.ts';
import type { ReleaseFacts, ReleaseInput } from './facts.ts';
import type { ReleaseEvent } from './machine.ts';
import type { ReleaseGate, ReleasePins } from './state.ts';

type ReleaseOutcome = Outcome<ReleaseEvent, DecisionSend, never>;
type Kristal = NonNullable<BuildRecord['outputs']['kristal']>;

const maxNoted = 64;

/** The gate of a release: RELEASE authorizes publication or refuses it for good, RELEASE_CLOSE seals how it ended. */
export function decideRelease(state: ReleaseGate, input: ReleaseInput): ReleaseOutcome {
  if (input.claim.claim === 'RELEASE' && input.release !== null) return authorize(state, input, input.release);
  if (input.claim.claim === 'RELEASE_CLOSE' && input.close !== null) return close(state, input, input.close.confirmed);
  return note(state, input, 'CLAIM_MALFORMED', `${input.claim.claim} is no claim about a release`);
}

function note(state: ReleaseGate, input: ReleaseInput, code: ReasonCode, detail: string): ReleaseOutcome {
  if (state.noted >= maxNoted || state.phase === 'ENDED') return { ok: false, code, detail };
  const send = sendOf({
    ...blankClaimDecision(input, pinsOf(state, input)),
    reason_codes: [code],
    detail: { why: detail },
  });
  return { ok: false, code, detail, events: [{ type: 'RELEASE_NOTED', decision: send.digest }], sends: [send] };
}

const pinsOf = (state: ReleaseGate, { claim }: ReleaseInput): ReleasePins =>
  state.pins ?? { pipeline_ref: claim.pipeline_ref, mandate_ref: claim.mandate_ref, as_of: claim.as_of };

/**
 * A channel may publish what a sealed, COMPLETED record names, after every byte of it was read again (IN-01 to IN-03). There is no
 * way around: a refusal is final for this release.
 */
function authorize(state: ReleaseGate, input: ReleaseInput, facts: ReleaseFacts): ReleaseOutcome {
  if (state.phase !== 'NEW') return note(state, input, 'GATE_SUBJECT_CLOSED', 'the release was decided before');
  const { claim } = input;
  const record = facts.record?.ok ? facts.record.record : null;
  const kristal = record?.outputs.kristal ?? null;
  const channel = nameSchema.safeParse(claim.detail.channel);
  const seq = claim.detail.release_seq;
  const release_seq = typeof seq === 'number' && Number.isSafeInteger(seq) && seq > 0 ? seq : null;
  const checks: Check[] = [
    {
      check: 'trust root',
      findings:
        facts.root_expires_at <= input.now
          ? [{ code: 'TRUST_ROOT_EXPIRED', detail: `since ${facts.root_expires_at}` }]
          : [],
    },
    { check: 'sealed record', findings: eligibility(facts, record, kristal) },
    { check: 'bytes', findings: facts.artifacts.flatMap((fact) => fact.bytes ?? []) },
    { check: 'contracts', findings: facts.artifacts.flatMap((fact) => fact.contract ?? []) },
    { check: 'complete', findings: kristal === null ? [] : unread(facts, partsOf(kristal)) },
    { check: 'ids', findings: kristal === null ? [] : changedIds(facts, kristal) },
    {
      check: 'channel',
      findings: channel.success
        ? allowed(facts, channel.data, claim.as_of)
        : [{ code: 'CHANNEL_NOT_ALLOWED', detail: 'no channel named' }],
    },
    { check: 'channel gate', findings: kristal === null ? [] : barred(facts, kristal.pack_id) },
  ];
  const reason_codes = uniqueCodes(codesOf(checks));
  const pins: ReleasePins =
    record === null
      ? pinsOf(state, input)
      : { pipeline_ref: record.pipeline.ref, mandate_ref: record.mandate_ref, as_of: claim.as_of };
  const passed = reason_codes.length === 0 && kristal !== null && channel.success;
  const draft: GateDecision = {
    ...blankClaimDecision(input, pins),
    kind: 'RELEASE',
    verdict: passed ? 'PASS' : 'FAIL',
    final: true,
    reason_codes,
    inputs: kristal === null ? [] : sortRefs(partsOf(kristal)),
    rests_on: [facts.evidence.digest],
    detail: {
      build_id: record?.build_id ?? null,
      channel: channel.success ? channel.data : null,
      release_seq,
      kristal_id: kristal?.kristal_id ?? null,
      pack_id: kristal?.pack_id ?? null,
      // RR-21: whose keys this release rests on.
      signer_keys: [
        { role: 'release', key_id: input.key_id },
        { role: 'gatekeeper', key_id: facts.evidence.key_id },
      ],
    },
  };
  const report = stageReport(draft, checks, { diagnostics: [], metrics: { files: facts.artifacts.length } });
  if (!passed) {
    const send = sendOf({ ...draft, report: report.artifact }, { report });
    return { ok: true, events: [{ type: 'RELEASE_REFUSED', decision: send.digest, pins }], sends: [send], alarms: [] };
  }
  const inputs = sortRefs([kristal.pack_manifest, ...kristal.pack_files]);
  const authorization = authorizationOf(draft, 'publish', inputs, draft.rests_on);
  const send = sendOf(
    { ...draft, report: report.artifact, authorizations: [signable(authorization).digest] },
    { authorizations: [authorization], report },
  );
  const { kristal_id, pack_id } = kristal;
  const event: ReleaseEvent = {
    type: 'RELEASE_AUTHORIZED',
    decision: send.digest,
    build_id: (record as BuildRecord).build_id,
    channel: channel.data,
    release_seq,
    kristal_id,
    pack_id,
    pins,
  };
  return { ok: true, events: [event], sends: [send], alarms: [] };
}

/** Every artifact that a release is made of. */
export const partsOf = (kristal: Kristal): ArtifactRef[] => [
  kristal.exchange,
  kristal.exchange_manifest,
  kristal.pack_manifest,
  ...kristal.pack_files,
];

/** Only a COMPLETED record that the gatekeeper itself signed off and did not take back. */
export function eligibility(facts: ReleaseFacts, record: BuildRecord | null, kristal: Kristal | null): Finding[] {
  const no = (detail: string): Finding => ({ code: 'BUILD_NOT_ELIGIBLE', detail });
  const { decision } = facts.evidence;
  const findings: Finding[] = [];
  if (decision.detail.outcome !== 'COMPLETED') findings.push(no(`the build ended ${String(decision.detail.outcome)}`));
  if (facts.record === null || !facts.record.ok)
    return [...findings, facts.record ?? no('the evidence names no record')];
  if (record === null || kristal === null || record.outcome !== 'COMPLETED')
    findings.push(no('the record names no Exchange and pack'));
  if (record?.build_id !== decision.build_id) findings.push(no('the record is of another build'));
  if (facts.build === null || !facts.build.closed) findings.push(no('the gatekeeper did not close that build'));
  if (facts.build?.quarantined)
    findings.push({ code: 'NONDETERMINISM_DETECTED', detail: 'an adapter of the build contradicted itself' });
  return findings;
}

/** Every part must have been read, as exactly the artifact that the record names. */
export function unread(facts: ReleaseFacts, parts: readonly ArtifactRef[]): Finding[] {
  const read = new Set(
    facts.artifacts.map((fact) => `${fact.artifact.kind} ${fact.artifact.ref} ${fact.artifact.size}`),
  );
  return parts
    .filter((part) => !read.has(`${part.kind} ${part.ref} ${part.size}`))
    .map((part) => ({ code: 'GATE_EVIDENCE_MISSING', detail: `${part.kind} ${part.ref} was not read` }));
}

export function changedIds(facts: ReleaseFacts, kristal: Kristal): Finding[] {
  const findings: Finding[] = [];
  for (const fact of facts.artifacts) {
    const { kristal_id = kristal.kristal_id, pack_id = kristal.pack_id } = fact.ids;
    if (kristal_id !== kristal.kristal_id)
      findings.push({ code: 'EXCHANGE_ID_MISMATCH', detail: `${fact.artifact.kind} gives ${kristal_id}` });
    if (pack_id !== kristal.pack_id)
      findings.push({ code: 'MANIFEST_ID_MISMATCH', detail: `${fact.artifact.kind} gives ${pack_id}` });
    const files = new Set(kristal.pack_files.map((file) => `${file.ref} ${file.size}`));
    if (fact.files?.some((file) => !files.has(`${file.ref} ${file.size}`)))
      findings.push({ code: 'FILE_MISSING', detail: 'the manifest lists a file that the record does not name' });
    const listed = new Set(fact.files?.map((file) => file.ref));
    if (fact.files !== null && kristal.pack_files.some((file) => !listed.has(file.ref)))
      findings.push({ code: 'FILE_UNDECLARED', detail: 'the record names a file that the manifest does not list' });
  }
  return findings;
}

function allowed(facts: ReleaseFacts, channel: string, asOf: string): Finding[] {
  if (facts.mandate === null)
    return [{ code: 'MANDATE_MISSING', detail: 'what was built without a mandate is never released' }];
  return facts.mandate.ok ? channelFindings(inForce(facts.mandate.policies, asOf), channel) : [facts.mandate];
}

/** What the channel's own gate says against the pack: barred, older than the floor, or nothing is promoted at all (RO-07, RR-20). */
function barred({ channel }: ReleaseFacts, packId: string): Finding[] {
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

/** RELEASED needs a node that proved it; every other end needs nothing. */
function close(
  state: ReleaseGate,
  input: ReleaseInput,
  confirmed: { instance_id: string; decision: GateDecision['rests_on'][number] }[],
): ReleaseOutcome {
  if (state.phase === 'NEW') return note(state, input, 'GATE_SUBJECT_UNKNOWN', 'no such release was decided');
  if (state.phase === 'ENDED') return { ok: false, code: 'GATE_SUBJECT_CLOSED', detail: 'the release has ended' };
  const status = releasePhases.find((phase) => phase === input.claim.detail.status);
  if (status === undefined) return note(state, input, 'CLAIM_MALFORMED', 'the claim names no release status');
  if (status === 'RELEASED' && state.phase !== 'AUTHORIZED')
    return note(state, input, 'RELEASE_TRANSITION_ILLEGAL', 'the release was refused');
  if (status === 'RELEASED' && confirmed.length === 0)
    return note(state, input, 'ACTIVATION_NOT_CONFIRMED', 'no node confirmed the pack');
  const send = sendOf({
    ...blankClaimDecision(input, pinsOf(state, input)),
    kind: 'RELEASE_CLOSE',
    verdict: 'PASS',
    final: true,
    reason_codes: uniqueCodes(input.claim.reason_codes.filter(isDecisionCode)),
    rests_on: [...state.decisions.slice(0, 1), ...confirmed.map((node) => node.decision)].slice(0, 64),
    detail: {
      status,
      build_id: state.build_id,
      channel: state.channel,
      release_seq: state.release_seq,
      pack_id: state.pack_id,
      nodes: confirmed.map((node) => node.instance_id).slice(0, 256),
    },
  });
  return { ok: true, events: [{ type: 'RELEASE_ENDED', decision: send.digest }], sends: [send], alarms: [] };
}
