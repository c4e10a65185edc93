import {
  type ChannelChange,
  channelClaimSchema,
  dsseEnvelopeSchema,
  type GateDecision,
  type Offer,
  rollbackClaimSchema,
} from '@orgo/contracts';
import type { Timed } from '../../inputs.ts';
import type { ChannelEvent } from '../events.ts';
import type { ChannelReceipt } from '../inputs.ts';
import { type Act, type ChannelState, isOvertaken } from '../state.ts';
import { type ChannelOutcome, nothing, yes } from './outcome.ts';

/** What the gatekeeper said of a refusal, in words. */
const whyOf = ({ detail: { why } }: GateDecision): string | null =>
  Array.isArray(why) && why.length > 0 ? why.filter((one) => typeof one === 'string').join('; ') : null;

const answered = (
  { decision, decision_digest, log_index, now }: Timed<ChannelReceipt>,
  request_id: string,
): ChannelEvent => ({
  type: 'ChangeAnswered',
  at: now,
  request_id,
  status: decision.verdict === 'PASS' ? 'DONE' : 'REFUSED',
  reason_codes: decision.reason_codes,
  why: whyOf(decision),
  decision_digest,
  log_index,
});

/** A candidate that may not run any more is taken back with what barred it. */
function withdrawn(state: ChannelState, now: string, change: ChannelChange): ChannelEvent[] {
  const offer = state.candidate?.offer;
  if (offer === undefined) return [];
  const barred = (change.change === 'revoke' || change.change === 'quarantine') && change.pack_id === offer.pack_id;
  const low = change.change === 'floor' && offer.pack_seq < change.pack_seq;
  if (!barred && !low) return [];
  const reason_code = barred ? 'PACK_REVOKED' : 'BELOW_SECURITY_FLOOR';
  return [{ type: 'CandidateWithdrawn', at: now, release_id: offer.release_id, reason_code }];
}

type Said = { act: Act; at: string; log_index: number };

/** Receipts come in any order: what the log said later on freezing and pinning stands. */
function changed(state: ChannelState, change: ChannelChange, said: Said): ChannelEvent[] {
  const { act, at, log_index } = said;
  switch (change.change) {
    case 'freeze':
      return isOvertaken(state, 'freeze', log_index) ? [] : [{ type: 'ChannelFrozen', ...said, cause: 'operator' }];
    case 'unfreeze':
      return isOvertaken(state, 'freeze', log_index) ? [] : [{ type: 'ChannelUnfrozen', ...said }];
    case 'pin':
      return isOvertaken(state, 'pin', log_index)
        ? []
        : [{ type: 'PackPinned', ...said, pack_id: change.pack_id, until: change.until }];
    case 'unpin':
      return isOvertaken(state, 'pin', log_index) ? [] : [{ type: 'PackUnpinned', ...said }];
    case 'revoke':
      return [{ type: 'PackRevoked', at, act, pack_id: change.pack_id }];
    case 'quarantine':
      return [{ type: 'PackQuarantined', at, act, pack_id: change.pack_id }];
    case 'floor':
      return change.pack_seq > state.floor.pack_seq
        ? [{ type: 'FloorRaised', at, act, pack_seq: change.pack_seq }]
        : [];
    case 'validated':
      return state.rollback?.rollback_id === change.rollback_id
        ? [{ type: 'RollbackValidated', at, rollback_id: change.rollback_id }]
        : [];
    default:
      return change satisfies never;
  }
}

const actOf = ({ actor, at }: GateDecision, reason: string): Act => ({ actor, reason, at });

function decideChanged(state: ChannelState, input: Timed<ChannelReceipt>): ChannelOutcome {
  const { decision, log_index, now } = input;
  const { channel, change, reason } = decision.detail;
  const claim = channelClaimSchema.safeParse({ channel, change, reason });
  if (!claim.success) return nothing;
  const done = answered(input, decision.build_id);
  if (decision.verdict !== 'PASS') return yes([done]);
  const act = actOf(decision, claim.data.reason);
  const made = changed(state, claim.data.change, { act, at: now, log_index });
  return yes([...made, ...withdrawn(state, now, claim.data.change), done]);
}

/** What the authorization's sealed decision says it leads to; null where it gives no leave. */
function leaveOf({ verdict, detail }: GateDecision) {
  const { drill: _drill, why: _why, authorization, expires_at, ...asked } = detail;
  const claim = rollbackClaimSchema.safeParse(asked);
  const envelope = dsseEnvelopeSchema.safeParse(authorization);
  if (!claim.success) return null;
  const leave = verdict === 'PASS' && envelope.success && typeof expires_at === 'string';
  return { asked: claim.data, leave: leave ? { envelope: envelope.data, expires_at } : null };
}

/**
 * The sealed word on a rollback. With leave the channel offers the older pack anew, under the next numbers, and stays frozen until a person lifts it; a
 * refusal or a drill moves nothing.
 */
function decideRolledBack(state: ChannelState, input: Timed<ChannelReceipt>): ChannelOutcome {
  const { decision, decision_digest, log_index, now } = input;
  const said = leaveOf(decision);
  if (said === null) return nothing;
  const { asked, leave } = said;
  const { rollback_id } = asked;
  const done = answered(input, rollback_id);
  const { rolling } = state;
  if (rolling === null || rolling.rollback_id !== rollback_id) return yes([done]);
  if (leave === null) return yes([done, { type: 'RollbackEnded', at: now, rollback_id }]);
  const { manifest, manifest_size } = rolling.to;
  const { release_id, pack_seq, pack_id, kristal_id } = asked.to;
  const offer: Offer = {
    release_id: release_id as Offer['release_id'],
    release_seq: state.release_seq + 1,
    pack_seq,
    pack_id,
    kristal_id,
    manifest,
    manifest_size,
  };
  const act = actOf(decision, asked.reason);
  const event: ChannelEvent = {
    type: 'ChannelRolledBack',
    at: now,
    act,
    log_index,
    cause: asked.trigger === 'emergency' ? 'emergency' : 'rollback',
    release_id: asked.release_id,
    offer,
    rollback: {
      rollback_id,
      envelope: leave.envelope,
      decision_digest,
      from_pack_id: asked.from.pack_id,
      to_pack_id: pack_id,
      expires_at: leave.expires_at,
      validated_at: null,
    },
  };
  // A person let promotions go on after this rollback was decided, and that receipt was faster.
  const lifted: ChannelEvent[] =
    state.frozen === null && isOvertaken(state, 'freeze', log_index)
      ? [{ type: 'ChannelUnfrozen', at: now, act, log_index }]
      : [];
  return yes([event, ...lifted, done]);
}

export function decideChannelReceipt(state: ChannelState, input: Timed<ChannelReceipt>): ChannelOutcome {
  switch (input.decision.kind) {
    case 'CHANNEL_CHANGE':
      return decideChanged(state, input);
    case 'ROLLBACK':
      return decideRolledBack(state, input);
    default:
      return nothing;
  }
}
