import { z } from 'zod';
import { digestSchema, hex64Schema, nameSchema, releaseIdSchema, tenantIdSchema, timeSchema } from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';
import { changeIdSchema, channelChangeSchema, rollbackEvidenceSchema } from '../records/channel-change.ts';
import { channelIndexSchema, rollbackModes } from '../records/channel-index.ts';

const actorSchema = z.string().trim().min(1).max(200);
const reasonSchema = z.string().trim().min(1).max(500);

/** A change of a channel. Never without a name and a reason; the gatekeeper decides it. */
export const changeChannelSchema = z
  .strictObject({
    change: channelChangeSchema,
    actor: actorSchema,
    reason: reasonSchema,
  })
  .meta({ id: 'ChangeChannel' });

/** A person's rollback. Without a pack it goes to the last known good one; `emergency` also keeps every other release out. */
export const rollbackRequestSchema = z
  .strictObject({
    mode: z.enum(rollbackModes),
    pack_id: hex64Schema.nullable().meta({ description: 'The pack to go back to; null for last_known_good' }),
    trigger: z.enum(['operator', 'emergency', 'drill']),
    actor: actorSchema,
    reason: reasonSchema,
  })
  .meta({ id: 'RollbackRequest' });

const actSchema = { actor: z.string(), reason: z.string(), at: timeSchema };
const barredSchema = z.object({ pack_id: hex64Schema, ...actSchema });

/** A channel as it stands: what it tells its nodes, what it remembers, and where its nodes are beside that. */
export const channelStatusSchema = z
  .object({
    tenant_id: tenantIdSchema,
    channel: nameSchema,
    status: z.enum(['OPEN', 'FROZEN']),
    index: channelIndexSchema.omit({ rollback: true }),
    changed_at: timeSchema,
    release_seq: z.int(),
    pin: z.object({ pack_id: hex64Schema, until: timeSchema.nullable(), ...actSchema }).nullable(),
    frozen: z.object({ cause: z.enum(['operator', 'rollback', 'emergency']), ...actSchema }).nullable(),
    revoked: z.array(barredSchema),
    quarantined: z.array(barredSchema),
    floor: z.object({ pack_seq: z.int(), set: z.object(actSchema).nullable() }),
    offers: z
      .array(
        z.object({
          release_id: releaseIdSchema,
          release_seq: z.int(),
          pack_seq: z.int(),
          pack_id: hex64Schema,
          at: timeSchema,
          confirmed_at: timeSchema.nullable(),
          withdrawn_at: timeSchema.nullable(),
          rolled_back_at: timeSchema.nullable().meta({ description: 'When the channel went back from it' }),
        }),
      )
      .meta({ description: 'The newest offers, newest first' }),
    last_known_good: hex64Schema.nullable().meta({ description: 'Where a rollback would go now' }),
    rollback: z
      .object({
        rollback_id: changeIdSchema,
        from_pack_id: hex64Schema,
        to_pack_id: hex64Schema,
        expires_at: timeSchema,
        validated_at: timeSchema.nullable(),
      })
      .nullable(),
    changes: z
      .array(
        z.object({
          request_id: changeIdSchema,
          kind: z.string(),
          actor: z.string(),
          reason: z.string(),
          at: timeSchema,
          status: z.enum(['ASKED', 'DONE', 'REFUSED']),
          reason_codes: z.array(reasonCodeSchema),
          why: z.string().nullable().meta({ description: 'What the refusal rests on, in words' }),
          evidence: rollbackEvidenceSchema.nullable(),
          decision_digest: digestSchema.nullable(),
          log_index: z.int().nullable(),
        }),
      )
      .meta({ description: 'What was asked of it, newest first' }),
    nodes: z
      .array(
        z.object({
          instance_id: nameSchema,
          active_pack_id: hex64Schema.nullable(),
          intended_pack_id: hex64Schema.nullable(),
          state: z.enum(['AS_INTENDED', 'BEHIND', 'DRIFTED', 'UNKNOWN']),
        }),
      )
      .meta({ description: 'Nodes that are not where the channel wants them, 256 at most' }),
    counts: z.object({
      nodes: z.int(),
      as_intended: z.int(),
      behind: z.int(),
      drifted: z.int(),
      unknown: z.int(),
    }),
  })
  .meta({ id: 'ChannelStatus' });
export type ChannelStatus = z.infer<typeof channelStatusSchema>;
