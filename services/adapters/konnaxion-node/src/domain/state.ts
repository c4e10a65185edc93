import {
  attemptStatuses,
  attemptTypes,
  channelIndexSchema,
  hex64Schema,
  nameSchema,
  nodeMetricSchema,
  offerSchema,
  reasonCodeSchema,
  releaseIdSchema,
  timeSchema,
} from '@orgo/contracts';
import { z } from 'zod';

const placeSchema = z.strictObject({
  release_id: releaseIdSchema,
  release_seq: z.int().min(1),
  pack_seq: z.int().min(1),
  pack_id: hex64Schema,
});

/** A place in the channel's order, and the pack that verified metadata named for it. */
export type Place = z.infer<typeof placeSchema>;

const servedSchema = offerSchema.extend({ activated_at: timeSchema });
/** An offer that was activated, and when by the node's clock. */
export type Served = z.infer<typeof servedSchema>;

/** How much is remembered of each: numbers seen, refused offers, packs that served, packs that lie here, attempts. */
export const limits = { seen: 64, refused: 16, prior: 8, installed: 64, revoked: 4096, attempts: 64 } as const;

const healthSchema = z.enum(['HEALTHY', 'DEGRADED', 'UNHEALTHY', 'UNKNOWN']);
export type Health = z.infer<typeof healthSchema>;

/** What was tried, as it will be reported: everything that the report says about that moment. */
const attemptSchema = z.strictObject({
  /** Counts this node's attempts. */
  number: z.int().min(1),
  index_seq: z.int().min(0),
  offer: offerSchema,
  type: z.enum(attemptTypes),
  status: z.enum(attemptStatuses),
  reason_code: reasonCodeSchema.nullable(),
  active_pack_id: hex64Schema.nullable(),
  last_known_good: hex64Schema.nullable(),
  highest_activated_seq: z.int().min(0),
  highest_seen_seq: z.int().min(0),
  health: healthSchema,
  metrics: z.array(nodeMetricSchema).max(16),
  at: timeSchema,
  reported: z.boolean(),
});
export type Attempt = z.infer<typeof attemptSchema>;

/** A pack that lies in the node's folder: what its files were found to be when they were last read. */
const installedSchema = z.strictObject({
  pack_id: hex64Schema,
  manifest: offerSchema.shape.manifest,
  installed_at: timeSchema,
  status: z.enum(['VERIFIED', 'FAILED', 'REVOKED']),
});
export type Installed = z.infer<typeof installedSchema>;

/**
 * What a node knows about itself, in one file that is replaced atomically: the active pack and the floors change together or not at all
 * (RO-04, RO-05). Pack content never reaches this file.
 */
export const nodeStateSchema = z.strictObject({
  v: z.literal(2),
  channel: nameSchema,
  /** The channel index that was verified last. */
  index: channelIndexSchema.nullable(),
  active: servedSchema.nullable(),
  last_known_good: servedSchema.nullable(),
  /** Packs that served before and were not left by a rollback, newest first; the first of them is the last known good one. */
  prior: z.array(servedSchema).max(limits.prior),
  installed: z.array(installedSchema).max(limits.installed),
  /** Offers that were refused: they are not tried again, unless a person asks. */
  refused: z.array(placeSchema.extend({ reason_code: reasonCodeSchema })).max(limits.refused),
  /** Offers that were brought and verified ahead of their turn. */
  prefetched: z.array(placeSchema).max(limits.refused),
  floors: z.strictObject({
    /** The highest floor that the channel ever named: nothing below is activated. */
    pack_seq: z.int().min(0),
    highest_activated_seq: z.int().min(0),
    highest_seen_seq: z.int().min(0),
    release_seq: z.int().min(0),
    index_seq: z.int().min(0),
  }),
  /** What verified metadata once named under a number, whether it was activated or refused; the highest numbers. */
  seen: z.array(placeSchema).max(limits.seen),
  /** Packs that the channel ever revoked. */
  revoked: z.array(hex64Schema).max(limits.revoked),
  /** The highest time that something signed has said: no clock that is behind it is believed. */
  time_floor: timeSchema.nullable(),
  /** Why channel metadata is refused now; null while it is good. */
  metadata_refused: reasonCodeSchema.nullable(),
  attempts: z.array(attemptSchema).max(limits.attempts),
});
export type NodeState = z.infer<typeof nodeStateSchema>;

export const initialState = (channel: string): NodeState => ({
  v: 2,
  channel,
  index: null,
  active: null,
  last_known_good: null,
  prior: [],
  installed: [],
  refused: [],
  prefetched: [],
  floors: { pack_seq: 0, highest_activated_seq: 0, highest_seen_seq: 0, release_seq: 0, index_seq: 0 },
  seen: [],
  revoked: [],
  time_floor: null,
  metadata_refused: null,
  attempts: [],
});

export const placeOf = ({ release_id, release_seq, pack_seq, pack_id }: Place): Place => ({
  release_id,
  release_seq,
  pack_seq,
  pack_id,
});

export const samePlace = (a: Place | null, b: Place): boolean =>
  a !== null &&
  a.release_id === b.release_id &&
  a.release_seq === b.release_seq &&
  a.pack_seq === b.pack_seq &&
  a.pack_id === b.pack_id;

/** The newest attempt; null before the first. */
export const lastAttempt = (state: NodeState): Attempt | null => state.attempts.at(-1) ?? null;

/** Attempts that the release service has not taken yet, oldest first. */
export const unreported = (state: NodeState): Attempt[] => state.attempts.filter(({ reported }) => !reported);
