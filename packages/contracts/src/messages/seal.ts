import { z } from 'zod';
import { hex64Schema } from '../ids.ts';

/**
 * Proof that a decision is a leaf of the tenant's log: RFC 9162 inclusion path to the root in a signed checkpoint.
 * The leaf bytes are the decision's payload text, so they are not repeated here.
 */
export const sealSchema = z
  .strictObject({
    index: z.int().min(0).meta({ description: 'Leaf index in the tenant log' }),
    size: z.int().min(1).meta({ description: 'Tree size the checkpoint signs' }),
    path: z.array(hex64Schema).max(64),
    checkpoint: z.string().min(1).max(4096).meta({ description: 'C2SP signed note over origin, size and root' }),
  })
  .meta({ id: 'Seal' });
export type Seal = z.infer<typeof sealSchema>;
