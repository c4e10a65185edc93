import type { ArtifactRef, Authorization, Digest, GateDecision, ReasonCode, SealedDecision } from '@orgo/contracts';
import type { Asked, Eligible } from './state.ts';

type Of = { tenant_id: string; release_id: string };

/** A person's request. */
export type Create = { type: 'create'; asked: Asked };

/** The build's sealed record was found, verified and says COMPLETED. `inputs` is every byte to be verified again. */
export type VerifyRequested = Of & {
  type: 'verify-requested';
  eligible: Eligible;
  inputs: ArtifactRef[];
  evidence: SealedDecision;
};

/** The build has no sealed record that could be released, or its pack could not be published whole. */
export type Barred = Of & { type: 'barred'; code: ReasonCode; detail: string };

/** A sealed decision about the release. Its signatures and its seal were verified before it came here. */
export type Receipt = Of & {
  type: 'receipt';
  decision: GateDecision;
  decision_digest: Digest;
  log_index: number;
  authorizations: { authorization: Authorization; digest: Digest }[];
};

/**
 * The channel's files are out and were read back: this is where the release stands in them. `nodes` are those enrolled in the channel at that
 * moment. It comes after every change of a channel that the release is or was in.
 */
export type ChannelPublished = Of & {
  type: 'channel-published';
  channel: string;
  index_seq: number;
  place: 'candidate' | 'current' | 'none';
  release_seq: number | null;
  pack_seq: number | null;
  frozen: boolean;
  nodes: string[];
  deadline_ms: number;
};

/** The release was to be rolled back and is not: its channel has no way back that may be gone. */
export type RollbackRefused = Of & { type: 'rollback-refused'; rollback_id: string; code: ReasonCode };

/** The nodes had their time, by the database's clock. */
export type AlarmFired = Of & { type: 'alarm'; kind: 'activation' };

export type ReleaseInput =
  | Create
  | VerifyRequested
  | Barred
  | Receipt
  | ChannelPublished
  | RollbackRefused
  | AlarmFired;

/** An input with the database's clock at the transaction. */
export type Timed<I> = I & { now: string };

export const keyOf = (input: ReleaseInput): { tenant_id: string; id: string } =>
  input.type === 'create'
    ? { tenant_id: input.asked.tenant_id, id: input.asked.release_id }
    : { tenant_id: input.tenant_id, id: input.release_id };

/** A refusal: nothing happens, and the code says why. */
export type No = { ok: false; code: ReasonCode; detail: string };
export const no = (code: ReasonCode, detail: string): No => ({ ok: false, code, detail });
