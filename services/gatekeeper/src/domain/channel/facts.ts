import type { ChannelClaim, Digest, RollbackClaim } from '@orgo/contracts';
import type { DsseEnvelope } from '@orgo/core';
import type { VerifiedClaim } from '../claim-decision.ts';
import type { ReleaseFacts } from '../release/facts.ts';

/** What nodes run, by their own last sealed reports. `rest` is a sample of those decisions. */
export type PackUse = { nodes: number; decisions: Digest[] };

/** What a change is judged by, beside the channel's own gate. */
export type ChannelFacts = {
  asked: ChannelClaim;
  /** The pack that the change names, if this channel was ever given leave to publish it; its number there, where it has one. */
  pack: { known: boolean; pack_seq: number | null } | null;
  /** For `validated`: nodes that run what was rolled back, and nodes that run what it was rolled back to. */
  use: { from: PackUse; to: PackUse } | null;
};

/** A release by the gatekeeper's own decision about it. */
export type AuthorizedRelease = {
  release_id: string;
  channel: string;
  pack_id: string;
  kristal_id: Digest;
  build_id: string;
  decision: Digest;
};

/** What a rollback is judged by: the gatekeeper's own rows, and every byte of the pack read again. */
export type RollbackFacts = {
  asked: RollbackClaim;
  source: AuthorizedRelease | null;
  target: AuthorizedRelease | null;
  /** The first sealed report of a node that ran the target, and the target's number in the channel; null where none ever did. */
  confirmed: { pack_id: string; pack_seq: number; channel: string; decision: Digest } | null;
  release: ReleaseFacts;
  /** The authorization as it will be carried, signed; null while it is only tried whether it may be given. */
  envelope: DsseEnvelope | null;
  policy: RollbackPolicy;
};

/** When the authorization ends, by the claim's clock, and how many rollbacks there may be in an hour. */
export type RollbackPolicy = { expires_at: string; most: number };

export type ChannelGateInput = VerifiedClaim & {
  channel: string;
  change: ChannelFacts | null;
  rollback: RollbackFacts | null;
};
