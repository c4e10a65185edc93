import { z } from 'zod';
import { traceparentSchema } from '../ids.ts';
import { signedItemSchema } from '../signed-item.ts';
import { sealSchema } from './seal.ts';

/** Audit's answer to a decision: it is sealed at this index. Nothing moves before its receipt. */
export const receiptItemSchema = z
  .strictObject({
    decision: signedItemSchema,
    authorizations: z.array(signedItemSchema).max(16),
    seal: sealSchema,
    traceparent: traceparentSchema.nullable(),
  })
  .meta({ id: 'ReceiptItem' });
export type ReceiptItem = z.infer<typeof receiptItemSchema>;
