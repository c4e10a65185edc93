import type { Digest, GateDecision, OpenCohort, ReasonCode } from '@orgo/contracts';

type Of = { tenant_id: string; channel: string };

/** A release brings its verified pack to the channel. Its place in the order is given here, once. */
export type OfferPack = Of & {
  type: 'offer';
  release_id: string;
  pack_id: string;
  kristal_id: Digest;
  manifest: Digest;
  manifest_size: number;
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

/** A sealed decision about the channel; signature and seal were verified before. */
export type ChannelReceipt = Of & {
  type: 'receipt';
  decision: GateDecision;
  decision_digest: Digest;
  log_index: number;
};

export type ChannelInput = OfferPack | OpenCohorts | Switch | Withdraw | Confirmed | ChannelReceipt;

export const channelKeyOf = ({ tenant_id, channel }: Of): { tenant_id: string; id: string } => ({
  tenant_id,
  id: channel,
});
