import type { GateClaim } from '@orgo/contracts';

/** What a channel says: a claim to the gatekeeper, or work for this service: write the files, read them back, and tell these releases. */
export type ChannelSend = { send: 'claim'; claim: GateClaim } | { send: 'publish'; index_seq: number; tell: string[] };
