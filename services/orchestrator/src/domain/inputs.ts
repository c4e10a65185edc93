import type { Authorization, Digest, GateDecision, ReasonCode, Seal, SignedItemWire } from '@orgo/contracts';
import type { BuildEvent } from './events.ts';
import type { Admitted } from './state.ts';

type Of = { tenant_id: string; build_id: string };

/** A person's or a system's request, already admitted by the replay layers; all facts are gathered. */
export type Start = { type: 'start'; admitted: Admitted };

/** A sealed decision. Signatures, seal and log key were verified before it came here. */
export type Receipt = Of & {
  type: 'receipt';
  decision: GateDecision;
  decision_digest: Digest;
  log_index: number;
  authorizations: { authorization: Authorization; digest: Digest }[];
  /** The signed items as they came: kept for the commands that rest on them. */
  evidence: { decision: SignedItemWire; authorizations: SignedItemWire[]; seal: Seal };
};

/** The lease or the backoff of an attempt passed on the database's clock. */
export type AttemptAlarmFired = Of & {
  type: 'alarm';
  kind: 'lease' | 'retry';
  stage: string;
  attempt: number;
  epoch: number;
};

/** Nobody answered a claim in time. `claim` names it, `asked` counts how often it was asked. */
export type ClaimAlarmFired = Of & { type: 'alarm'; kind: 'claim'; claim: string; asked: number };

export type AlarmFired = AttemptAlarmFired | ClaimAlarmFired;

/** `request` names the asking: the same for an act that is asked for again under its idempotency key. */
export type PersonAct = Of & { type: 'cancel' | 'pause' | 'resume'; request: string; actor: string; reason: string };

/** The road lost its messages: say the open command again. */
export type Resend = Of & { type: 'resend' };

export type BuildInput = Start | Receipt | AlarmFired | PersonAct | Resend;

/** An input with the database's clock at the transaction. */
export type Timed<I> = I & { now: string };

export const keyOf = (input: BuildInput): { tenant_id: string; id: string } =>
  input.type === 'start'
    ? { tenant_id: input.admitted.tenant_id, id: input.admitted.build_id }
    : { tenant_id: input.tenant_id, id: input.build_id };

/** A refusal: nothing happens but that it is put on record, and the code says why. */
export type No = { ok: false; code: ReasonCode; detail: string; events?: BuildEvent[] };
export const no = (code: ReasonCode, detail: string): No => ({ ok: false, code, detail });
