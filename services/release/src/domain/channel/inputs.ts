import type {
  ArtifactRef,
  ChannelChange,
  Digest,
  GateDecision,
  OpenCohort,
  ReasonCode,
  RollbackClaim,
  RollbackEvidence,
  SealedDecision,
} from '@orgo/contracts';
import type { StoredFile } from '../state.ts';

type Of = { tenant_id: string; channel: string };

/** A release brings its verified pack to the channel. Its place in the order is given here, once. */
export type OfferPack = Of & {
  type: 'offer';
  release_id: string;
  pack_id: string;
  kristal_id: Digest;
  manifest: Digest;
  manifest_size: number;
  authorization?: StoredFile | null;
  cohorts: OpenCohort[];
  prefetch: boolean;
};

/** The cohorts whose turn it is now, in place of those before. */
export type OpenCohorts = Of & { type: 'open'; release_id: string; cohorts: OpenCohort[] };
/** The candidate becomes what everyone runs. */
export type Switch = Of & { type: 'switch'; release_id: string };
/** The candidate is no longer offered. */
export type Withdraw = Of & { type: 'withdraw'; release_id: string; reason_code: ReasonCode | null };
/** The release held its soak: its pack is one to come back to. */
export type Confirmed = Of & { type: 'confirmed'; release_id: string };

/** A person asks for a change; `validated` is asked by this service. `request_id` names it in the log. */
export type AskChange = Of & {
  type: 'change';
  request_id: string;
  /** Who asks again under the same key asks for the same change, and is told what became of it. */
  key?: string | null;
  change: ChannelChange;
  actor: string;
  reason: string;
};

/**
 * Somebody, or a release by itself, asks to go back. `release_id` is what is taken back; null takes the one on its way, else the current one. The
 * same asked again gets the same answer and moves nothing further (RO-17).
 */
export type AskRollback = Of & {
  type: 'rollback';
  rollback_id: string;
  /** As for a change. */
  key?: string | null;
  mode: RollbackClaim['mode'];
  pack_id: string | null;
  release_id: string | null;
  trigger: RollbackClaim['trigger'];
  actor: string;
  reason: string;
  evidence: RollbackEvidence | null;
};

/** Everything of the target was found and is readable, or why not. */
export type Preflighted = Of & {
  type: 'preflighted';
  rollback_id: string;
  found:
    | {
        ok: true;
        build_id: string;
        pipeline_ref: Digest;
        mandate_ref: Digest;
        inputs: ArtifactRef[];
        evidence: SealedDecision;
      }
    | { ok: false; code: ReasonCode; detail: string };
};

/** A claim of the channel was turned away at the gatekeeper's door: there is no decision, and none will come. */
export type TurnedAway = Of & { type: 'turned-away'; request_id: string; code: ReasonCode };

/** A sealed decision about the channel; signature and seal were verified before. */
export type ChannelReceipt = Of & {
  type: 'receipt';
  decision: GateDecision;
  decision_digest: Digest;
  log_index: number;
};

export type ChannelInput =
  | OfferPack
  | OpenCohorts
  | Switch
  | Withdraw
  | Confirmed
  | AskChange
  | AskRollback
  | Preflighted
  | TurnedAway
  | ChannelReceipt;

export const channelKeyOf = ({ tenant_id, channel }: Of): { tenant_id: string; id: string } => ({
  tenant_id,
  id: channel,
});
