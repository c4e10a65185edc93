import type { GateClaim, ReasonCode, SealedDecision } from '@orgo/contracts';

/**
 * What a channel says: claims to the gatekeeper, and work for this service. `publish` writes the files, reads them back and tells these releases;
 * `preflight` looks whether a rollback's target is whole; `refused` tells a release that its rollback is not to be.
 */
export type ChannelSend =
  | { send: 'claim'; claim: GateClaim; evidence: SealedDecision[] }
  | { send: 'publish'; index_seq: number; tell: string[] }
  | { send: 'preflight'; rollback_id: string }
  | { send: 'refused'; rollback_id: string; release_id: string; code: ReasonCode };
