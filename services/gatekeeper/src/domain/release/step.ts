import type { Digest, ReleaseStepDetail } from '@orgo/contracts';
import { releaseStepHash } from '@orgo/core';
import { blankClaimDecision } from '../claim-decision.ts';
import type { DecisionCode } from '../codes.ts';
import { sendOf, uniqueCodes } from '../decision.ts';
import type { Finding } from '../facts.ts';
import { barred } from './barred.ts';
import type { ReleaseInput, StepFacts } from './facts.ts';
import { pinsOf, type ReleaseOutcome } from './outcome.ts';
import type { OpenedStep, ReleaseGate } from './state.ts';

const ceilPercent = (count: number, percent: number): number => Math.ceil((count * percent) / 100);

/**
 * Confirmed nodes that steps need together, with so many left out of each. More may not be left out than a step’s quorum allows, and a step that has
 * members needs one at least.
 */
export function neededOf(
  opened: readonly OpenedStep[],
  excluded: readonly number[],
): { needed: number; overQuorum: boolean } {
  let needed = 0;
  let overQuorum = false;
  for (const [at, { kind, members, confirm_threshold, quorum_percent }] of opened.entries()) {
    if (kind === 'prefetch' || members === 0) continue;
    const heard = members - Math.min(members, excluded[at] ?? 0);
    overQuorum ||= heard < Math.max(1, ceilPercent(members, quorum_percent));
    needed += Math.max(1, ceilPercent(heard, confirm_threshold));
  }
  return { needed, overQuorum };
}

/** Why the next cohort may not be opened; empty where it may. */
function findings(state: ReleaseGate, input: ReleaseInput, detail: ReleaseStepDetail, facts: StepFacts): Finding[] {
  const found: Finding[] = [];
  const no = (code: Finding['code'], why: string): void => void found.push({ code, detail: why });
  const { facts: step, generation, excluded } = detail;
  if (facts.root_expires_at <= input.now) no('TRUST_ROOT_EXPIRED', `since ${facts.root_expires_at}`);
  if (state.phase !== 'AUTHORIZED') no('RELEASE_TRANSITION_ILLEGAL', `the release is ${state.phase}`);
  if (step.step !== state.opened.length)
    no('STAGE_ORDER_VIOLATION', `step ${state.opened.length} is next, not ${step.step}`);
  if (releaseStepHash(state.release_id, generation, step) !== state.steps[step.step])
    no('GATE_INPUT_MISMATCH', `step ${step.step} is not the one that was frozen`);
  if (detail.channel !== state.channel || detail.pack_id !== state.pack_id)
    no('GATE_INPUT_MISMATCH', 'the claim names another channel or pack than the release');
  const { pack_seq } = detail;
  if (pack_seq === null) no('GATE_INPUT_MISMATCH', 'the claim does not say under which number the pack is offered');
  const channel = facts.channel && { ...facts.channel, pack_seq };
  found.push(...barred(channel, state.channel, state.pack_id ?? ''));
  for (const known of channel?.numbers ?? [])
    if ((known.pack_id === state.pack_id) !== (known.pack_seq === pack_seq))
      no('RELEASE_SUBSTITUTED', `number ${known.pack_seq} of ${state.channel} is ${known.pack_id}`);
  const { needed, overQuorum } = neededOf(state.opened, excluded);
  if (overQuorum) no('QUORUM_NOT_MET', 'more nodes are left out than the quorum allows');
  if (facts.confirmed < needed) no('ACTIVATION_NOT_CONFIRMED', `${facts.confirmed} of ${needed} nodes are confirmed`);
  return found;
}

/**
 * A cohort is opened only behind those before it, as they were frozen, and on what the gatekeeper itself has heard of nodes: counts that a claim brings are
 * put on record and decide nothing. With its first step a pack gets its number in the channel for good: nodes are held to it, and so is every way back.
 */
export function decideStep(
  state: ReleaseGate,
  input: ReleaseInput,
  detail: ReleaseStepDetail,
  facts: StepFacts,
): ReleaseOutcome {
  const step_hash: Digest = releaseStepHash(state.release_id, detail.generation, detail.facts);
  const codes: readonly DecisionCode[] = uniqueCodes(findings(state, input, detail, facts).map(({ code }) => code));
  const passed = codes.length === 0;
  const { facts: step, generation, counts, analysis, promoted, acts, excluded } = detail;
  const send = sendOf({
    ...blankClaimDecision(input, pinsOf(state, input)),
    kind: 'RELEASE_STEP',
    verdict: passed ? 'PASS' : 'FAIL',
    reason_codes: [...codes],
    rests_on: [...state.decisions.slice(0, 1), ...facts.reports].slice(0, 64),
    detail: {
      generation,
      step: step.step,
      name: step.name,
      step_hash,
      members: step.members,
      channel: state.channel,
      pack_id: state.pack_id,
      pack_seq: detail.pack_seq,
      confirmed: facts.confirmed,
      excluded,
      counts,
      analysis,
      promoted,
      acts,
    },
  });
  if (!passed || detail.pack_seq === null)
    return { ok: true, events: [{ type: 'RELEASE_NOTED', decision: send.digest }], sends: [send], alarms: [] };
  const { kind, members, confirm_threshold, quorum_percent } = step;
  const opened: OpenedStep = { kind, members, confirm_threshold, quorum_percent };
  return {
    ok: true,
    events: [{ type: 'RELEASE_STEP_OPENED', decision: send.digest, opened, pack_seq: detail.pack_seq }],
    sends: [send],
    alarms: [],
  };
}
