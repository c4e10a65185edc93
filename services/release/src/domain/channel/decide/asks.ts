import type { ChannelClaim, Digest, GateClaim, ReasonCode, RollbackClaim } from '@orgo/contracts';
import { blankClaim, digestOf, type JsonValue } from '@orgo/core';
import type { Timed } from '../../inputs.ts';
import { channelFault } from '../channel-name.ts';
import type { ChannelEvent } from '../events.ts';
import type { AskChange, AskRollback, Preflighted, TurnedAway } from '../inputs.ts';
import { rollbackTarget } from '../rollback-target.ts';
import type { AskedChange, ChannelState } from '../state.ts';
import { type ChannelOutcome, no, nothing, yes } from './outcome.ts';

const claimOf = (
  state: ChannelState,
  now: string,
  claim: Pick<GateClaim, 'claim' | 'build_id' | 'idem_key' | 'actor' | 'detail'> & Partial<GateClaim>,
): GateClaim => blankClaim({ tenant_id: state.tenant_id, as_of: now, ...claim });

/** What was asked, without its id and time: two who ask the same at once get one answer. */
export const whatOf = (input: AskChange | AskRollback): Digest =>
  input.type === 'change'
    ? digestOf([input.change, input.actor, input.reason])
    : digestOf(['rollback', input.mode, input.pack_id, input.release_id, input.trigger, input.actor, input.reason]);

const askedOf = (input: Timed<AskChange | AskRollback>): AskedChange => ({
  request_id: input.type === 'change' ? input.request_id : input.rollback_id,
  ...(input.key && { key: input.key }),
  what: whatOf(input),
  kind: input.type === 'change' ? input.change.change : input.trigger === 'drill' ? 'drill' : 'rollback',
  actor: input.actor,
  reason: input.reason,
  evidence: input.type === 'rollback' ? input.evidence : null,
  at: input.now,
  status: 'ASKED',
  reason_codes: [],
  decision_digest: null,
  log_index: null,
});

/** What an earlier request under the same key makes of this one: nothing, if it asks for the same; null where there is none. */
function byKey(state: ChannelState, key: string | null | undefined, what: Digest): ChannelOutcome | null {
  const known = key ? state.asked.find((one) => one.key === key) : undefined;
  if (known === undefined) return null;
  return known.what === what
    ? nothing
    : no('IDEMPOTENCY_KEY_REUSED', `that key was used for another request, ${known.request_id}`);
}

/** A rollback is validated once: further reports, or reports meanwhile, do nothing. */
const isFound = ({ rollback, asked }: ChannelState, rollback_id: string): boolean =>
  rollback?.rollback_id !== rollback_id ||
  rollback.validated_at !== null ||
  asked.some(({ kind, status }) => kind === 'validated' && status === 'ASKED');

/** Every change is asked of the gatekeeper, which alone decides; here nothing changes before its decision is sealed. */
export function decideAskChange(state: ChannelState, input: Timed<AskChange>): ChannelOutcome {
  const fault = channelFault(state.channel);
  if (fault !== null) return fault;
  const asked = askedOf(input);
  const again = byKey(state, input.key, asked.what);
  if (again !== null) return again;
  if (state.asked.some((one) => one.what === asked.what && one.status === 'ASKED')) return nothing;
  const { request_id, change, actor, reason, now } = input;
  if (change.change === 'validated' && isFound(state, change.rollback_id)) return nothing;
  const detail = { channel: state.channel, change, reason } satisfies ChannelClaim;
  const claim = claimOf(state, now, {
    claim: 'CHANNEL_CHANGE',
    build_id: request_id,
    idem_key: digestOf(['orgo.channel-change.v1', state.tenant_id, request_id]),
    actor,
    detail: detail as unknown as Record<string, JsonValue>,
  });
  return yes([{ type: 'ChangeAsked', at: now, asked }], [{ send: 'claim', claim, evidence: [] }]);
}

/** The same rollback asked again, while it is under way or what it led to is still current, is the one that was asked (RO-17). */
function alreadyAsked(state: ChannelState, what: Digest): boolean {
  const known = state.asked.findLast((one) => one.what === what);
  if (known === undefined) return false;
  return known.status === 'ASKED' || (known.status === 'DONE' && state.rollback?.rollback_id === known.request_id);
}

/** A rollback without a target is recorded once, with who asked for it. It is not sealed, since the gatekeeper has nothing to decide. */
function noted(
  state: ChannelState,
  asked: AskedChange,
  { code, detail }: { code: ReasonCode; detail: string },
): ChannelEvent[] {
  const known = state.asked.findLast((one) => one.what === asked.what);
  if (state.phase === 'NEW' || (known?.status === 'REFUSED' && known.reason_codes.includes(code))) return [];
  const { request_id, at } = asked;
  const answer = { request_id, reason_codes: [code], why: detail, decision_digest: null, log_index: null };
  return [
    { type: 'ChangeAsked', at, asked },
    { type: 'ChangeAnswered', at, status: 'REFUSED', ...answer },
  ];
}

/** Finds the one target that the history gives, and has it looked through before the gatekeeper is asked. From here on nothing is promoted. */
export function decideAskRollback(state: ChannelState, input: Timed<AskRollback>): ChannelOutcome {
  const { rollback_id, trigger, mode, actor, reason, evidence, now } = input;
  const asked = askedOf(input);
  const again = byKey(state, input.key, asked.what);
  if (again !== null) return again;
  if (alreadyAsked(state, asked.what)) return nothing;
  if (state.rolling !== null && trigger !== 'emergency')
    return no('CHANNEL_BUSY', `${state.rolling.from.release_id} is being rolled back`);
  const target = rollbackTarget(state, input);
  if (!target.ok) return no(target.code, target.detail, noted(state, asked, target));
  const { from, to } = target;
  const rolling = {
    rollback_id,
    stage: 'PREFLIGHT' as const,
    from,
    to,
    trigger,
    mode,
    evidence,
    actor,
    reason,
    at: now,
  };
  return yes(
    [
      { type: 'ChangeAsked', at: now, asked },
      { type: 'RollbackAsked', at: now, rolling },
    ],
    [{ send: 'preflight', rollback_id }],
  );
}

/** Ends a request that no decision answers. Where it was a rollback, that ends too and its release is told. */
function ended(
  { rolling }: ChannelState,
  { request_id, code, why, now }: { request_id: string; code: ReasonCode; why: string; now: string },
): ChannelOutcome {
  const answer = { request_id, reason_codes: [code], why, decision_digest: null, log_index: null };
  const answered: ChannelEvent = { type: 'ChangeAnswered', at: now, status: 'REFUSED', ...answer };
  if (rolling?.rollback_id !== request_id) return yes([answered]);
  return yes(
    [answered, { type: 'RollbackEnded', at: now, rollback_id: request_id }],
    [{ send: 'refused', rollback_id: request_id, release_id: rolling.from.release_id, code }],
  );
}

/** A rollback whose channel changed under the gatekeeper's hands is asked anew so often. */
const maxAgain = 8;

/** The gatekeeper will not hear what was asked, under any key that is held here: it ends, so that it may be asked again and keeps nothing out. */
export function decideTurnedAway(state: ChannelState, { request_id, code, now }: Timed<TurnedAway>): ChannelOutcome {
  const isAsked = state.asked.some((one) => one.request_id === request_id && one.status === 'ASKED');
  const rolling = state.rolling?.rollback_id === request_id ? state.rolling : null;
  if (!isAsked && rolling === null) return nothing;
  const { stage, again = 0 } = rolling ?? {};
  if (stage === 'PREFLIGHT') return nothing;
  if (rolling !== null && code === 'STATE_CONFLICT' && again < maxAgain)
    return yes(
      [{ type: 'RollbackAsked', at: now, rolling: { ...rolling, stage: 'PREFLIGHT', again: again + 1 } }],
      [{ send: 'preflight', rollback_id: request_id }],
    );
  return ended(state, { request_id, code, why: 'turned away at the gatekeeper’s door', now });
}

/** The target is whole as far as this service can see: the gatekeeper is asked, and reads every byte itself. */
export function decidePreflighted(state: ChannelState, input: Timed<Preflighted>): ChannelOutcome {
  const { rolling } = state;
  const { rollback_id, found, now } = input;
  if (rolling === null || rolling.rollback_id !== rollback_id || rolling.stage !== 'PREFLIGHT') return nothing;
  if (!found.ok) return ended(state, { request_id: rollback_id, code: found.code, why: found.detail, now });
  const { from, to, trigger, mode, reason, actor, evidence } = rolling;
  const detail: RollbackClaim = {
    rollback_id,
    channel: state.channel,
    release_id: from.release_id,
    trigger,
    mode,
    reason,
    evidence,
    from: { release_seq: from.release_seq, pack_seq: from.pack_seq, pack_id: from.pack_id },
    to: { release_id: to.release_id, pack_seq: to.pack_seq, pack_id: to.pack_id, kristal_id: to.kristal_id },
    build_id: found.build_id,
  };
  const claim = claimOf(state, now, {
    claim: 'ROLLBACK',
    build_id: from.release_id,
    idem_key: digestOf(['orgo.rollback.v1', state.tenant_id, rollback_id]),
    actor,
    pipeline_ref: found.pipeline_ref,
    mandate_ref: found.mandate_ref,
    inputs: found.inputs,
    detail: detail as unknown as Record<string, JsonValue>,
  });
  return yes(
    [{ type: 'RollbackPreflighted', at: now, rollback_id }],
    [{ send: 'claim', claim, evidence: [found.evidence] }],
  );
}
