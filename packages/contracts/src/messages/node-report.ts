import { z } from 'zod';
import { hex64Schema, nameSchema, releaseIdSchema, tenantIdSchema, timeSchema } from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';

/**
 * What a node did. `PREFETCH` brings and verifies a pack and activates nothing; `VERIFY` is an attempt that ended before there was anything to
 * activate, or that looked at the active pack again; `HEARTBEAT` says that nothing happened.
 */
export const attemptTypes = ['VERIFY', 'PREFETCH', 'ACTIVATE', 'ROLLBACK', 'HEARTBEAT'] as const;
/** `IN_PROGRESS` is said at the start of a rollback alone (KS-01). */
export const attemptStatuses = ['IN_PROGRESS', 'SUCCEEDED', 'FAILED'] as const;

/**
 * A number that a node measured, over `samples` of them. The unit is the end of the name: `_bp` hundredths of a percent, `_ms`, else a count.
 * Without samples it says nothing, and is not sent.
 */
export const nodeMetricSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/),
    value: z.union([z.int(), z.string().regex(/^-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,9}$/)]),
    samples: z.int().min(1),
  })
  .meta({ id: 'NodeMetric' });
export type NodeMetric = z.infer<typeof nodeMetricSchema>;

/** What a node says about itself at joining; cohorts are chosen by it. */
export const nodeLabelsSchema = z
  .record(nameSchema, z.string().max(64))
  .refine((labels) => Object.keys(labels).length <= 32, 'more than 32 labels');
export type NodeLabels = z.infer<typeof nodeLabelsSchema>;

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
    index_seq: z
      .int()
      .min(0)
      .meta({ description: 'The channel index the attempt goes back to; 0 where none was read' }),
    release_id: releaseIdSchema,
    release_seq: z.int().min(1),
    pack_seq: z.int().min(1),
    pack_id: hex64Schema.meta({ description: 'The pack the release asks for' }),
    attempt: z.strictObject({
      type: z.enum(attemptTypes),
      status: z.enum(attemptStatuses),
      reason_code: reasonCodeSchema.nullable(),
    }),
    active_pack_id: hex64Schema.nullable().meta({ description: 'The pack that serves now' }),
    last_known_good: hex64Schema.nullable().meta({ description: 'The pack that served before it, still stored' }),
    highest_activated_seq: z.int().min(0).meta({ description: 'Highest pack_seq ever activated' }),
    highest_seen_seq: z
      .int()
      .min(0)
      .meta({ description: 'Highest pack_seq that verified metadata ever offered; no rollback lowers it (RO-27)' }),
    health: z.enum(['HEALTHY', 'DEGRADED', 'UNHEALTHY', 'UNKNOWN']),
    metrics: z.array(nodeMetricSchema).max(16),
    reported_at: timeSchema,
  })
  .meta({ id: 'NodeReport' });
export type NodeReport = z.infer<typeof nodeReportSchema>;
