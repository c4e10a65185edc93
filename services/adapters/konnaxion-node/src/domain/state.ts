import { channelTargetSchema, hex64Schema, nameSchema, reasonCodeSchema, releaseIdSchema } from '@orgo/contracts';
import { z } from 'zod';

const placeSchema = z.strictObject({ release_id: releaseIdSchema, release_seq: z.int().min(1), pack_id: hex64Schema });

/** A release's place in its channel, and the pack it names. */
export type Place = z.infer<typeof placeSchema>;

/** Numbers whose pack is remembered. */
export const maxSeen = 64;

/**
 * What a node knows about itself, in one file that is replaced atomically: the active pack and the floors change together or not at all
 * (RO-04, RO-05). Pack content never reaches this file.
 */
export const nodeStateSchema = z.strictObject({
  v: z.literal(1),
  channel: nameSchema,
  active: placeSchema.extend({ kristal_id: z.string() }).nullable(),
  last_known_good: placeSchema.nullable(),
  /** The newest target that was refused: it is not tried again. */
  refused: placeSchema.nullable(),
  highest_activated_seq: z.int().min(0),
  highest_seen_seq: z.int().min(0),
  /** What verified metadata once named under a number, whether it was activated or refused; the highest numbers. */
  seen: z.array(placeSchema).max(maxSeen),
  /** What there is to report, and whether it is on record. */
  last_attempt: z
    .strictObject({
      target: channelTargetSchema,
      type: z.enum(['VERIFY', 'ACTIVATE']),
      status: z.enum(['SUCCEEDED', 'FAILED']),
      reason_code: reasonCodeSchema.nullable(),
      reported: z.boolean(),
    })
    .nullable(),
});
export type NodeState = z.infer<typeof nodeStateSchema>;

export const initialState = (channel: string): NodeState => ({
  v: 1,
  channel,
  active: null,
  last_known_good: null,
  refused: null,
  highest_activated_seq: 0,
  highest_seen_seq: 0,
  seen: [],
  last_attempt: null,
});

/** The target that is active now, as the channel once named it. */
export function activeTarget(state: NodeState): z.infer<typeof channelTargetSchema> | null {
  if (!state.active) return null;
  const { release_id, release_seq, pack_id, kristal_id } = state.active;
  return { release_id, release_seq, pack_id, kristal_id, channel: state.channel };
}
