import type { ReasonCode } from '@orgo/contracts';
import type { Outcome } from '@orgo/core';
import type { DecisionCode } from '../codes.ts';
import { bounded, type DecisionSend, sendOf, uniqueCodes } from '../decision.ts';
import type { GateEvent } from '../events.ts';
import type { GateInput } from '../facts.ts';
import { headerOf } from '../header.ts';
import type { GateState, Seen } from '../state.ts';

export type GateOutcome = Outcome<GateEvent, DecisionSend, never>;

/** Refusals on record per build. Past it they are still refused, counted and logged, but no longer sealed. */
const maxNoted = 256;

/** Refuses without a word in the log: the record is being folded, or the build has said enough. */
const silent = (code: ReasonCode, detail: string): GateOutcome => ({ ok: false, code, detail });

/**
 * Refuses something that a trusted key signed, and puts that on record (decision `REFUSAL`, verdict `NOTED`).
 * Also after the build has ended: the record does not name it then, the log does. `codes` are the decision's reason codes; the first is also the
 * answer to the sender.
 */
export function refuseOnRecord(
  state: GateState,
  input: GateInput,
  codes: readonly [ReasonCode, ...DecisionCode[]],
  detail: string,
  seen: Seen | null = null,
): GateOutcome {
  const [code] = codes;
  // After the record a refusal is a leaf of the log, and of no record: an auditor still wants to see who tried.
  if (state.phase === 'CLOSING' || state.noted >= maxNoted) return silent(code, detail);
  const reason_codes = uniqueCodes(codes);
  const send = sendOf({ ...headerOf(state, input), reason_codes, detail: { why: bounded(detail, 300) } });
  return {
    ok: false,
    code,
    detail,
    events: [{ type: 'NOTED', decision: send.digest, stage: input.type === 'reply' ? input.reply.stage : null, seen }],
    sends: [send],
  };
}

/**
 * A reply that contradicts what its stage key already gave. The build is not releasable from here on.
 * While the record is being folded only the flag is set; its log line pages.
 */
export function refuseContradiction(
  state: GateState,
  input: Extract<GateInput, { type: 'reply' }>,
  code: 'REPLY_EQUIVOCATION' | 'NONDETERMINISM_DETECTED',
  detail: string,
): GateOutcome {
  const flag = {
    type: 'QUARANTINED',
    stage: input.reply.stage,
    adapter: `${input.reply.adapter.name}@${input.reply.adapter.version}`,
  } as const;
  if (state.phase === 'CLOSING' || state.quarantined !== null) {
    return { ok: false, code, detail, events: state.quarantined === null ? [{ ...flag, decision: null }] : [] };
  }
  const send = sendOf({
    ...headerOf(state, input),
    reason_codes: [code],
    detail: { why: bounded(detail, 300), quarantined: flag.adapter, releasable: false },
  });
  return { ok: false, code, detail, events: [{ ...flag, decision: send.digest }], sends: [send] };
}
