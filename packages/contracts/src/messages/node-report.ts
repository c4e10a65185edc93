import { z } from 'zod';
import { hex64Schema, nameSchema, releaseIdSchema, tenantIdSchema, timeSchema } from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';

/**
 * What a Konnaxion node says about itself, DSSE-signed with its own key and bound to a nonce the release service gave it (KS-01, KS-04).
 * Success means that the pack answers queries on the node, never that it was written. Times are the node's own and decide nothing.
 */
export const nodeReportSchema = z
  .strictObject({
    v: z.literal(1),
    tenant_id: tenantIdSchema,
    instance_id: nameSchema,
    channel: nameSchema,
    nonce: hex64Schema,
    release_id: releaseIdSchema,
    release_seq: z.int().min(1),
    pack_id: hex64Schema.meta({ description: 'The pack the release asks for' }),
    attempt: z.strictObject({
      type: z.enum(['VERIFY', 'ACTIVATE']),
      status: z.enum(['SUCCEEDED', 'FAILED']),
      reason_code: reasonCodeSchema.nullable(),
    }),
    active_pack_id: hex64Schema.nullable().meta({ description: 'The pack that serves now' }),
    highest_activated_seq: z.int().min(0),
    health: z.enum(['HEALTHY', 'DEGRADED', 'UNHEALTHY', 'UNKNOWN']),
    reported_at: timeSchema,
  })
  .meta({ id: 'NodeReport' });
export type NodeReport = z.infer<typeof nodeReportSchema>;

/** `custom` of a channel's TUF target: what the manifest behind it is, and its place in the channel's one order (C-12). */
export const channelTargetSchema = z.strictObject({
  release_id: releaseIdSchema,
  release_seq: z.int().min(1),
  channel: nameSchema,
  pack_id: hex64Schema,
  kristal_id: z.string(),
});
export type ChannelTarget = z.infer<typeof channelTargetSchema>;
/** Name of the one target a channel has. */
export const channelTargetPath = (channel: string): string => `${channel}/pack-manifest.json`;
