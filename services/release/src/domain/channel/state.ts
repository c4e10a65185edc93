import type { CohortSelector, Digest, Offer, OpenCohort, RollbackClaim, RollbackEvidence } from '@orgo/contracts';
import type { DsseEnvelope } from '@orgo/core';
import type { StoredFile } from '../state.ts';

/** `NEW` is a channel that nothing was ever offered to and nobody changed; it is never stored. */
export type ChannelPhase = 'NEW' | 'OPEN' | 'FROZEN';

/** Who did something to a channel, why, and when by the database's clock; never without a name and a reason. */
export type Act = { actor: string; reason: string; at: string };

/** An offer in the channel's history. `confirmed_at` is set when its release held its soak: such a pack is one to come back to. */
export type PastOffer = Offer & {
  at: string;
  confirmed_at: string | null;
  withdrawn_at: string | null;
  /** Set when the channel went back from it: it is none to come back to. */
  rolled_back_at?: string | null;
};

export type Candidate = { offer: Offer; cohorts: OpenCohort[]; prefetch: boolean };

/** The rollback in force: the gatekeeper's authorization, and what it leads from and to. */
export type RollbackInForce = {
  rollback_id: string;
  envelope: DsseEnvelope;
  decision_digest: Digest;
  from_pack_id: string;
  to_pack_id: string;
  /** What rollbacks before it led away from, which nobody has unfrozen since. */
  also_left?: string[];
  expires_at: string;
  /** When the gatekeeper found that no node runs what was rolled back. */
  validated_at: string | null;
};

/** A rollback that was asked for and is not decided: nothing is promoted meanwhile. */
export type Rolling = {
  rollback_id: string;
  stage: 'PREFLIGHT' | 'ASKED';
  from: PastOffer;
  to: PastOffer;
  trigger: RollbackClaim['trigger'];
  mode: RollbackClaim['mode'];
  evidence: RollbackEvidence | null;
  /** How often it was asked again, because the channel changed at the gatekeeper while it was decided. */
  again?: number;
} & Act;

/** A change that was asked of the gatekeeper, and what it said: the answer to whoever asks the same again. */
export type AskedChange = {
  request_id: string;
  /** The caller's own name for what it asked, if it gave one. */
  key?: string | null;
  /** Digest of what was asked, without its id. */
  what: Digest;
  kind: string;
  actor: string;
  reason: string;
  evidence: RollbackEvidence | null;
  at: string;
  status: 'ASKED' | 'DONE' | 'REFUSED';
  reason_codes: string[];
  /** What a refusal rests on, in words. */
  why?: string | null;
  decision_digest: Digest | null;
  log_index: number | null;
};

export type ChannelState = {
  phase: ChannelPhase;
  tenant_id: string;
  channel: string;
  opened_at: string;
  /** When the index last changed. */
  changed_at: string;
  /** Grows by one with every change of what the index says. */
  index_seq: number;
  /** Highest given out; both only grow. */
  release_seq: number;
  pack_seq: number;
  current: Offer | null;
  candidate: Candidate | null;
  floor: { pack_seq: number; set: Act | null };
  pin: ({ pack_id: string; until: string | null } & Act) | null;
  /** No promotion while set. `cause` tells a person's freeze from the one that every rollback leaves (RO-18). */
  frozen: (Act & { cause: 'operator' | 'rollback' | 'emergency' }) | null;
  revoked: ({ pack_id: string } & Act)[];
  quarantined: ({ pack_id: string } & Act)[];
  /** Every offer ever made, oldest first. */
  offers: PastOffer[];
  /** By release: the sealed decision that authorizes it, which nodes ask for beside its pack. */
  authorizations?: Readonly<Record<string, StoredFile>>;
  rollback: RollbackInForce | null;
  rolling: Rolling | null;
  /** The newest changes asked for, oldest first. */
  asked: AskedChange[];
  /** Releases that were told to wait; they are told again when the channel lets go. */
  waiting: string[];
  /** Places in the log of the newest word on freezing and on pinning: an older one that comes later is not taken. */
  order?: { freeze: number; pin: number };
};

/** A cohort that takes every node there will ever be. */
export const everyone: OpenCohort = {
  selector: { by: 'all' } satisfies CohortSelector,
  enrolled_through: Number.MAX_SAFE_INTEGER,
};

export const initialChannel = (key: { tenant_id: string; id: string }): ChannelState => ({
  phase: 'NEW',
  tenant_id: key.tenant_id,
  channel: key.id,
  opened_at: '',
  changed_at: '',
  index_seq: 0,
  release_seq: 0,
  pack_seq: 0,
  current: null,
  candidate: null,
  floor: { pack_seq: 0, set: null },
  pin: null,
  frozen: null,
  revoked: [],
  quarantined: [],
  offers: [],
  rollback: null,
  rolling: null,
  asked: [],
  waiting: [],
});

/** Whether a newer word of the log on the same was taken before. */
export const isOvertaken = ({ order }: ChannelState, what: 'freeze' | 'pin', log_index: number): boolean =>
  log_index < (order?.[what] ?? 0);

export const channelPhaseOf = (state: ChannelState): ChannelPhase => state.phase;

/** Packs that no node activates: revoked for good, or put aside. */
export const isBarred = (state: Pick<ChannelState, 'revoked' | 'quarantined'>, packId: string): boolean =>
  [...state.revoked, ...state.quarantined].some(({ pack_id }) => pack_id === packId);
