import { z } from 'zod';
import { tenantIdSchema } from './ids.ts';
import { reasonCodeSchema } from './reasons.ts';

/**
 * One message on the bus: many items of one type for one tenant, so that a stage and a commit cost one message.
 * The tenant must equal the subject's token (integrity list 11).
 */
export const envelopeOf = <T extends z.ZodType>(type: string, item: T) =>
  z.strictObject({
    v: z.literal(1),
    type: z.literal(type),
    tenant_id: tenantIdSchema,
    items: z.array(item).min(1).max(1024),
  });

export type Envelope<Item> = { v: 1; type: string; tenant_id: string; items: Item[] };

/**
 * Answer to an envelope sent as a request, given after the receiver's commit: one row per item, in order.
 * `accepted` and `duplicate` and `refused` are all durable at the receiver; the sender may forget the item.
 * `later` means a fault: the sender keeps the item and tries again.
 */
export const ackSchema = z
  .strictObject({
    v: z.literal(1),
    results: z.array(
      z.strictObject({
        outcome: z.enum(['accepted', 'duplicate', 'refused', 'later']),
        code: reasonCodeSchema.nullable(),
      }),
    ),
  })
  .meta({ id: 'Ack' });
export type Ack = z.infer<typeof ackSchema>;

/** Largest message Orgo publishes, bytes. Larger batches are split; a larger single item is refused with `MESSAGE_TOO_LARGE`. */
export const maxMessageBytes = 524_288;
