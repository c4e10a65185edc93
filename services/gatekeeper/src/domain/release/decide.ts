import {
  type ArtifactRef,
  type BuildRecord,
  type GateDecision,
  nameSchema,
  type ReleaseStepDetail,
  releaseStepDetailSchema,
  releaseStepsSchema,
} from '@orgo/contracts';
import { authorizationOf, type Digest, sortRefs } from '@orgo/core';
import { blankClaimDecision } from '../claim-decision.ts';
import { sendOf, signable, uniqueCodes } from '../decision.ts';
import type { Finding } from '../facts.ts';
import { channelFindings, inForce, notEffective } from '../mandate.ts';
import { type Check, codesOf, stageReport } from '../report.ts';
import { barred } from './barred.ts';
import { decideClose } from './close.ts';
import type { ReleaseFacts, ReleaseInput } from './facts.ts';
import type { ReleaseEvent } from './machine.ts';
import { note, pinsOf, type ReleaseOutcome } from './outcome.ts';
import type { ReleaseGate, ReleasePins } from './state.ts';
import { decideStep } from './step.ts';

type Kristal = NonNullable<BuildRecord['outputs']['kristal']>;

/** The gate of a release: RELEASE authorizes publication or refuses it for good, RELEASE_STEP opens a cohort, RELEASE_CLOSE seals how it ended. */
export function decideRelease(state: ReleaseGate, input: ReleaseInput): ReleaseOutcome {
  if (input.claim.claim === 'RELEASE' && input.release !== null) return authorize(state, input, input.release);
  if (input.claim.claim === 'RELEASE_STEP' && input.step !== null) {
    const detail = releaseStepDetailSchema.safeParse(input.claim.detail);
    if (!detail.success) return note(state, input, 'CLAIM_MALFORMED', 'the claim names no step');
    return decideStep(state, input, detail.data as ReleaseStepDetail, input.step);
  }
  if (input.claim.claim === 'RELEASE_CLOSE' && input.close !== null) return decideClose(state, input, input.close);
  return note(state, input, 'CLAIM_MALFORMED', `${input.claim.claim} is no claim about a release`);
}

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
        ? [...effective(facts, input.now), ...allowed(facts, channel.data, input.now)]
        : [{ code: 'CHANNEL_NOT_ALLOWED', detail: 'no channel named' }],
    },
    {
      check: 'channel gate',
      findings: kristal === null || !channel.success ? [] : barred(facts.channel, channel.data, kristal.pack_id),
    },
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
  const authorization = signable(authorizationOf(draft, 'publish', inputs, draft.rests_on));
  const send = sendOf(
    { ...draft, report: report.artifact, authorizations: [authorization.digest] },
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
    steps: releaseStepsSchema.parse(claim.detail.steps) as Digest[],
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

/** A mandate that nothing is in force of, before its time or after it, lets nothing new be published. */
const effective = ({ mandate }: ReleaseFacts, now: string): Finding[] =>
  mandate?.ok ? notEffective(mandate, now) : [];

/** Why the mandate of the build does not let its pack into the channel: who signed it, and what it lists. */
export function allowed(facts: ReleaseFacts, channel: string, now: string): Finding[] {
  if (facts.mandate === null)
    return [{ code: 'MANDATE_MISSING', detail: 'what was built without a mandate is never released' }];
  return facts.mandate.ok ? channelFindings(inForce(facts.mandate.policies, now), channel) : [facts.mandate];
}
