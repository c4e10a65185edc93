import type { ChannelChange, Digest, GateDecision, ReasonCode } from '@orgo/contracts';
import type { Outcome } from '@orgo/core';
import { blankClaimDecision } from '../claim-decision.ts';
import { type DecisionSend, sendOf, uniqueCodes } from '../decision.ts';
import type { Finding } from '../facts.ts';
import type { ChannelFacts, ChannelGateInput } from './facts.ts';
import type { ChannelGate, ChannelGateEvent } from './machine.ts';
import { decideRollback } from './rollback.ts';

export type ChannelGateOutcome = Outcome<ChannelGateEvent, DecisionSend, never>;

/** Names under which services speak. What needs a person is not done by one of them. */
const services: ReadonlySet<string> = new Set([
  'release',
  'gatekeeper',
  'orchestrator',
  'audit',
  'system',
  'automation',
]);
export const isPerson = (actor: string): boolean => actor.trim() !== '' && !services.has(actor.trim().toLowerCase());

/** The gate of a channel: what it may do, and where it may go back to. Every change is on record, granted or not (RR-13). */
export function decideChannelGate(state: ChannelGate, input: ChannelGateInput): ChannelGateOutcome {
  const { claim } = input.claim;
  if (claim === 'CHANNEL_CHANGE' && input.change !== null) return decideChange(state, input, input.change);
  if (claim === 'ROLLBACK' && input.rollback !== null) return decideRollback(state, input, input.rollback);
  return { ok: false, code: 'CLAIM_MALFORMED', detail: `${claim} is no claim about a channel` };
}

function decideChange(state: ChannelGate, input: ChannelGateInput, facts: ChannelFacts): ChannelGateOutcome {
  const { change, reason, channel } = facts.asked;
  const findings = findingsOf(state, input, facts);
  const reason_codes = uniqueCodes(findings.map(({ code }) => code));
  const passed = reason_codes.length === 0;
  const lifted = change.change === 'unfreeze' ? state.open.map(({ rollback_id }) => rollback_id) : [];
  const send = sendOf({
    ...blankClaimDecision(input, input.claim),
    kind: 'CHANNEL_CHANGE',
    verdict: passed ? 'PASS' : 'FAIL',
    final: true,
    reason_codes,
    rests_on: restsOn(state, facts),
    detail: { channel, change, reason, lifted, why: findings.map(({ detail }) => detail).slice(0, 8) },
  });
  const event = passed ? eventOf(change, send.digest) : { type: 'CHANNEL_REFUSED' as const, decision: send.digest };
  return { ok: true, events: [event], sends: [send], alarms: [] };
}

function restsOn(state: ChannelGate, { asked: { change }, use }: ChannelFacts): GateDecision['rests_on'] {
  if (change.change !== 'validated') return [];
  const rollback = state.open.find(({ rollback_id }) => rollback_id === change.rollback_id);
  return [rollback?.decision ?? [], use?.to.decisions ?? []].flat().slice(0, 64);
}

function eventOf(change: ChannelChange, decision: Digest): ChannelGateEvent {
  switch (change.change) {
    case 'freeze':
      return { type: 'CHANNEL_FROZEN', decision };
    case 'unfreeze':
      return { type: 'CHANNEL_UNFROZEN', decision };
    case 'pin':
      return { type: 'PACK_PINNED', decision, pack_id: change.pack_id, until: change.until };
    case 'unpin':
      return { type: 'PACK_UNPINNED', decision };
    case 'revoke':
      return { type: 'PACK_REVOKED', decision, pack_id: change.pack_id };
    case 'quarantine':
      return { type: 'PACK_QUARANTINED', decision, pack_id: change.pack_id };
    case 'floor':
      return { type: 'FLOOR_RAISED', decision, pack_seq: change.pack_seq };
    case 'validated':
      return { type: 'ROLLBACK_VALIDATED', decision, rollback_id: change.rollback_id };
    default:
      return change satisfies never;
  }
}

const no = (code: ReasonCode, detail: string): Finding[] => [{ code, detail }];

/** Why a change is not made; empty where it is. */
function findingsOf(state: ChannelGate, input: ChannelGateInput, facts: ChannelFacts): Finding[] {
  const { change } = facts.asked;
  if (change.change === 'validated') return notValidated(state, facts, change.rollback_id);
  // A service may stop; to let go again, to bar or to bind takes a person (RR-15, RO-18).
  if (change.change !== 'freeze' && !isPerson(input.claim.actor))
    return no('OVERRIDE_NOT_PERMITTED', `${input.claim.actor} is no person`);
  switch (change.change) {
    case 'freeze':
      return state.phase === 'FROZEN' ? no('CHANNEL_CHANGE_NEEDLESS', 'it is frozen') : [];
    case 'unfreeze':
      if (state.phase !== 'FROZEN') return no('CHANNEL_CHANGE_NEEDLESS', 'it is not frozen');
      return state.open.some(({ validated }) => !validated) && !change.override
        ? no('OVERRIDE_NOT_PERMITTED', 'its rollback is not validated yet')
        : [];
    case 'pin':
      return notPinnable(state, input, facts, change);
    case 'unpin':
      return state.pin === null ? no('CHANNEL_CHANGE_NEEDLESS', 'it is not pinned') : [];
    case 'revoke':
      return state.revoked.includes(change.pack_id) ? no('CHANNEL_CHANGE_NEEDLESS', 'it is revoked') : [];
    case 'quarantine':
      return [...state.revoked, ...state.quarantined].includes(change.pack_id)
        ? no('CHANNEL_CHANGE_NEEDLESS', 'it is put aside or revoked')
        : [];
    case 'floor':
      return change.pack_seq <= state.floor ? no('FLOOR_ONLY_RISES', `the floor is ${state.floor}`) : [];
    default:
      return change satisfies never;
  }
}

function notPinnable(
  state: ChannelGate,
  { now }: ChannelGateInput,
  { pack }: ChannelFacts,
  change: Extract<ChannelChange, { change: 'pin' }>,
): Finding[] {
  if (!pack?.known)
    return no('ROLLBACK_TARGET_UNAUTHORIZED', `${change.pack_id} was never released to ${state.channel}`);
  if ([...state.revoked, ...state.quarantined].includes(change.pack_id)) return no('PACK_REVOKED', change.pack_id);
  if (pack.pack_seq !== null && pack.pack_seq < state.floor)
    return no('BELOW_SECURITY_FLOOR', `pack_seq ${pack.pack_seq} is below ${state.floor}`);
  return change.until !== null && change.until <= now ? no('CHANNEL_CHANGE_NEEDLESS', 'the pin would be over') : [];
}

/** No node may run what was rolled back, and one at least must run what it was rolled back to: a silent channel has validated nothing. */
function notValidated(state: ChannelGate, { use }: ChannelFacts, rollbackId: string): Finding[] {
  if (!state.open.some(({ rollback_id, validated }) => rollback_id === rollbackId && !validated))
    return no('CHANNEL_CHANGE_NEEDLESS', `${rollbackId} is not open`);
  if (use === null || use.to.nodes === 0) return no('ACTIVATION_NOT_CONFIRMED', 'no node runs the pack yet');
  return use.from.nodes > 0 ? no('ACTIVATION_NOT_CONFIRMED', `${use.from.nodes} nodes run what was rolled back`) : [];
}
