import type { ArtifactRef, Authorization, Digest, GateDecision, ReasonCode, SealedDecision } from '@orgo/contracts';
import type { CohortMember } from '@orgo/core';
import type { Observed } from './rollout/counts.ts';
import type { Asked, Eligible, StoredFile } from './state.ts';

type Of = { tenant_id: string; release_id: string };

/** A person's request. `nodes` are those of the channel now: a plan that cannot work with them is refused. */
export type Create = { type: 'create'; asked: Asked; nodes: CohortMember[] };

/**
 * The build's sealed record was found, verified and says COMPLETED. `inputs` is every byte to be verified again; `nodes` are the channel's, and are
 * frozen into cohorts now.
 */
export type VerifyRequested = Of & {
  type: 'verify-requested';
  eligible: Eligible;
  inputs: ArtifactRef[];
  evidence: SealedDecision;
  nodes: CohortMember[];
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
  /** Where the decision lies with its place in the log, if it is one that nodes ask for. */
  stored?: StoredFile | null;
};

/**
 * The channel's files are out and were read back: this is where the release stands in them. It comes after every change of a channel that the
 * release is or was in.
 */
export type ChannelPublished = Of & {
  type: 'channel-published';
  channel: string;
  index_seq: number;
  place: 'candidate' | 'current' | 'none';
  /** Open cohorts of the candidate. */
  open: number;
  release_seq: number | null;
  pack_seq: number | null;
  frozen: boolean;
};

/** The channel did not do what `wanted` names. */
export type ChannelRefused = Of & { type: 'channel-refused'; wanted: string; code: ReasonCode; detail: string };

/** The channel no longer offers the release, or never did. */
export type ChannelWithdrew = Of & { type: 'channel-withdrew' };

/** The release was to be rolled back and is not: its channel has no way back that may be gone. */
export type RollbackRefused = Of & { type: 'rollback-refused'; rollback_id: string; code: ReasonCode };

/** Time to look at the ledger and the clock. `at` is the step the numbers were read for. */
export type Look = Of & { type: 'look'; current: number; observed: Observed };

/** A person's word. `version` is the one it was decided on, if it is to hold for that alone. */
export type Person = Of & {
  type: 'person';
  action: 'promote' | 'promote-full' | 'pause' | 'resume' | 'abort';
  actor: string;
  reason: string;
  version: number | null;
  request: { key: string; digest: Digest } | null;
};

export type ReleaseInput =
  | Create
  | VerifyRequested
  | Barred
  | Receipt
  | ChannelPublished
  | ChannelRefused
  | ChannelWithdrew
  | RollbackRefused
  | Look
  | Person;

/** An input with the database's clock at the transaction. */
export type Timed<I> = I & { now: string };

export const keyOf = (input: ReleaseInput): { tenant_id: string; id: string } =>
  input.type === 'create'
    ? { tenant_id: input.asked.tenant_id, id: input.asked.release_id }
    : { tenant_id: input.tenant_id, id: input.release_id };

/** A refusal: nothing happens, and the code says why. */
export type No = { ok: false; code: ReasonCode; detail: string };
export const no = (code: ReasonCode, detail: string): No => ({ ok: false, code, detail });
