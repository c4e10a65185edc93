import { payloadTypes, type ReasonCode, type RollbackAuthorization } from '@orgo/contracts';
import { after, canonicalBytes, type JsonValue, sortRefs, toBase64 } from '@orgo/core';
import { blankClaimDecision } from '../claim-decision.ts';
import { sendOf, uniqueCodes } from '../decision.ts';
import type { Finding } from '../facts.ts';
import { allowed, changedIds, eligibility, partsOf, unread } from '../release/decide.ts';
import { type Check, codesOf, stageReport } from '../report.ts';
import type { ChannelGateOutcome } from './decide.ts';
import type { ChannelGateInput, RollbackFacts } from './facts.ts';
import type { ChannelGate } from './machine.ts';

const hourMs = 3_600_000;

const no = (code: ReasonCode, detail: string): Finding => ({ code, detail });

/** The leave that a node demands for an older pack, as it will be signed. Its window begins with the claim, by the channel's clock (RO-26). */
export function authorizationFor(
  { claim, tenant_id }: Pick<ChannelGateInput, 'claim' | 'tenant_id'>,
  { asked, policy }: Pick<RollbackFacts, 'asked' | 'policy'>,
): RollbackAuthorization {
  const { channel, release_id, from, to, trigger, mode, reason } = asked;
  return {
    v: 1,
    tenant_id,
    channel,
    release_id,
    from,
    to,
    trigger,
    mode,
    reason,
    actor: claim.actor,
    issued_at: claim.as_of,
    expires_at: policy.expires_at,
  };
}

/**
 * Everything that must hold before a channel may go back. The gatekeeper trusts its own rows and the bytes, and no word of the claim. The mandate is
 * judged by our time, as the trust root is: who asks does not choose when.
 */
export function rollbackChecks(state: ChannelGate, facts: RollbackFacts, now: string): Check[] {
  const { release } = facts;
  const record = release.record?.ok ? release.record.record : null;
  const kristal = record?.outputs.kristal ?? null;
  const expired = release.root_expires_at <= now;
  return [
    {
      check: 'trust root',
      findings: expired ? [no('TRUST_ROOT_EXPIRED', `since ${release.root_expires_at}`)] : [],
    },
    { check: 'target', findings: targetFindings(facts, record?.build_id ?? null) },
    { check: 'channel', findings: channelFindings(state, facts) },
    { check: 'sealed record', findings: eligibility(release, record, kristal) },
    { check: 'bytes', findings: release.artifacts.flatMap((fact) => fact.bytes ?? []) },
    { check: 'contracts', findings: release.artifacts.flatMap((fact) => fact.contract ?? []) },
    { check: 'complete', findings: kristal === null ? [] : unread(release, partsOf(kristal)) },
    { check: 'ids', findings: kristal === null ? [] : changedIds(release, kristal) },
    { check: 'mandate', findings: record === null ? [] : allowed(release, facts.asked.channel, now) },
    { check: 'rate', findings: rateFindings(state, facts, now) },
  ];
}

/** The target must be a release that this gatekeeper authorized for this channel, and that a node proved to run. */
function targetFindings({ asked, source, target, confirmed, release }: RollbackFacts, build: string | null): Finding[] {
  const { to, from, channel } = asked;
  const findings: Finding[] = [];
  if (to.pack_id === from.pack_id || to.pack_seq >= from.pack_seq)
    findings.push(no('ROLLBACK_NEEDLESS', `${to.pack_id} is no older pack than the one it would replace`));
  if (source === null || source.channel !== channel || source.pack_id !== from.pack_id)
    findings.push(no('RELEASE_NOT_FOUND', `${asked.release_id} was never authorized with that pack here`));
  if (target === null || target.channel !== channel || target.pack_id !== to.pack_id)
    return [
      ...findings,
      no('ROLLBACK_TARGET_UNAUTHORIZED', `${to.release_id} was never authorized with that pack here`),
    ];
  if (target.kristal_id !== to.kristal_id || target.build_id !== build)
    findings.push(no('ROLLBACK_TARGET_UNAUTHORIZED', 'the sealed record is of another build or Kristal'));
  if (confirmed === null || confirmed.channel !== channel || confirmed.pack_id !== to.pack_id)
    return [...findings, no('ROLLBACK_TARGET_UNAUTHORIZED', `no node of ${channel} proved to run it`)];
  if (confirmed.pack_seq !== to.pack_seq)
    findings.push(no('ROLLBACK_TARGET_UNAUTHORIZED', `it is number ${confirmed.pack_seq} of ${channel}`));
  if (release.build?.quarantined) findings.push(no('NONDETERMINISM_DETECTED', 'its build contradicted itself'));
  return findings;
}

/** Below the floor is below the floor, whoever asks; what is barred stays barred. */
function channelFindings({ floor, revoked, quarantined }: ChannelGate, { asked, confirmed }: RollbackFacts): Finding[] {
  const seq = Math.min(asked.to.pack_seq, confirmed?.pack_seq ?? asked.to.pack_seq);
  return [
    ...(seq < floor ? [no('BELOW_SECURITY_FLOOR', `pack_seq ${seq} is below the floor ${floor}`)] : []),
    ...([...revoked, ...quarantined].includes(asked.to.pack_id) ? [no('PACK_REVOKED', asked.to.pack_id)] : []),
  ];
}

/** A loop of rollbacks is broken here; an emergency and a drill are none (integrity list 55). */
function rateFindings({ rolled_back_at }: ChannelGate, { asked, policy }: RollbackFacts, now: string): Finding[] {
  if (asked.trigger === 'emergency' || asked.trigger === 'drill') return [];
  const since = after(now, -hourMs);
  const lately = rolled_back_at.filter((at) => at > since).length;
  return lately < policy.most ? [] : [no('ROLLOUT_RATE_LIMITED', `${lately} rollbacks since ${since}`)];
}

/**
 * Gives leave to go back, or says why not; either is on record. A drill is judged by the same and given no leave: it proves that one could go back.
 * An operator must be a person; what a release asks by itself names metric, value, threshold and samples.
 */
export function decideRollback(state: ChannelGate, input: ChannelGateInput, facts: RollbackFacts): ChannelGateOutcome {
  const { asked, release, envelope } = facts;
  const drill = asked.trigger === 'drill';
  const checks = rollbackChecks(state, facts, input.now);
  const reason_codes = uniqueCodes(codesOf(checks));
  const passed = reason_codes.length === 0;
  const expected = toBase64(canonicalBytes(authorizationFor(input, facts)));
  if (passed && !drill && (envelope?.payload !== expected || envelope.payloadType !== payloadTypes.rollback))
    return { ok: false, code: 'STATE_CONFLICT', detail: 'the channel changed while the authorization was signed' };
  const record = release.record?.ok ? release.record.record : null;
  const kristal = record?.outputs.kristal ?? null;
  const draft = {
    ...blankClaimDecision(input, input.claim),
    kind: 'ROLLBACK' as const,
    verdict: passed ? ('PASS' as const) : ('FAIL' as const),
    final: true,
    reason_codes,
    inputs: kristal === null ? [] : sortRefs(partsOf(kristal)),
    rests_on: [
      facts.source?.decision,
      facts.target?.decision,
      facts.confirmed?.decision,
      release.evidence.digest,
    ].filter((digest) => digest !== undefined),
    detail: {
      ...(asked as unknown as Record<string, JsonValue>),
      drill,
      why: checks.flatMap(({ findings }) => findings.map(({ detail: said }) => said)).slice(0, 8),
      authorization: passed && !drill ? (envelope as unknown as JsonValue) : null,
      expires_at: passed && !drill ? facts.policy.expires_at : null,
    },
  };
  const report = stageReport(draft, checks, { diagnostics: [], metrics: { files: release.artifacts.length } });
  const send = sendOf({ ...draft, report: report.artifact }, { report });
  const { digest: decision } = send;
  const { rollback_id, from, to } = asked;
  const rollback = { rollback_id, from_pack_id: from.pack_id, to_pack_id: to.pack_id, decision, validated: false };
  const event =
    passed && !drill
      ? { type: 'ROLLBACK_AUTHORIZED' as const, decision, at: input.now, rollback }
      : { type: 'CHANNEL_REFUSED' as const, decision };
  return { ok: true, events: [event], sends: [send], alarms: [] };
}
