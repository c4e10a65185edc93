import { z } from 'zod';
import { hex64Schema, nameSchema, releaseIdSchema, timeSchema } from '../ids.ts';
import { rollbackModes, rollbackTriggers, rolledFromSchema, rolledToSchema } from './channel-index.ts';

/** Names a change of a channel or a rollback in the log: it is about no build. */
export const changeIdSchema = z
  .string()
  .regex(/^chg_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

/**
 * What a person may ask of a channel, and `validated`, which the release service says once no node runs what was rolled back. `override` lifts a
 * freeze before that; it is sealed with its actor and reason.
 */
export const channelChangeSchema = z
  .discriminatedUnion('change', [
    z.strictObject({ change: z.literal('freeze') }),
    z.strictObject({ change: z.literal('unfreeze'), override: z.boolean() }),
    z.strictObject({ change: z.literal('pin'), pack_id: hex64Schema, until: timeSchema.nullable() }),
    z.strictObject({ change: z.literal('unpin') }),
    z.strictObject({ change: z.literal('revoke'), pack_id: hex64Schema }),
    z.strictObject({ change: z.literal('quarantine'), pack_id: hex64Schema }),
    z.strictObject({ change: z.literal('floor'), pack_seq: z.int().min(1) }),
    z.strictObject({ change: z.literal('validated'), rollback_id: changeIdSchema, nodes: z.int().min(1) }),
  ])
  .meta({ id: 'ChannelChange' });
export type ChannelChange = z.infer<typeof channelChangeSchema>;

/** Facts of a CHANNEL_CHANGE claim; its actor is the claim's. */
export const channelClaimSchema = z.strictObject({
  channel: nameSchema,
  change: channelChangeSchema,
  reason: z.string().trim().min(1).max(500),
});
export type ChannelClaim = z.infer<typeof channelClaimSchema>;

/** What an automatic rollback rests on: the metric, what it was, what it may be, and how many samples say so. */
export const rollbackEvidenceSchema = z
  .strictObject({
    metric: z.string().max(64),
    value: z.string().max(64),
    threshold: z.string().max(64),
    samples: z.int().min(0),
  })
  .meta({ id: 'RollbackEvidence' });
export type RollbackEvidence = z.infer<typeof rollbackEvidenceSchema>;

/** Facts of a ROLLBACK claim: what the channel asks to go back from and to. The gatekeeper finds out by itself whether it may. */
export const rollbackClaimSchema = z
  .strictObject({
    rollback_id: changeIdSchema,
    channel: nameSchema,
    release_id: releaseIdSchema,
    trigger: z.enum(rollbackTriggers),
    mode: z.enum(rollbackModes),
    reason: z.string().trim().min(1).max(500),
    evidence: rollbackEvidenceSchema.nullable(),
    from: rolledFromSchema,
    to: rolledToSchema,
    build_id: z.string().meta({ description: 'The build of `to`, whose sealed record comes with the claim' }),
  })
  .meta({ id: 'RollbackClaim' });
export type RollbackClaim = z.infer<typeof rollbackClaimSchema>;

/** Tasks of a rollback's Case, in order. The last one is a person's. */
export const rollbackTasks = [
  'freeze-promotions',
  'rollback-activation',
  'post-rollback-validation',
  'unfreeze-promotions',
] as const;
