import { z } from 'zod';
import {
  artifactRefSchema,
  digestSchema,
  nameSchema,
  subjectIdSchema,
  tenantIdSchema,
  timeSchema,
  traceparentSchema,
} from '../ids.ts';
import { signedItemSchema } from '../signed-item.ts';
import { sealSchema } from './seal.ts';

/**
 * What the orchestrator asks of a stage adapter. Signed by the orchestrator over (authorization, attempt, epoch, config, as_of, not_after).
 * The lease (`not_after`) expires; the authorization does not.
 */
export const commandSchema = z
  .strictObject({
    v: z.literal(1),
    tenant_id: tenantIdSchema,
    build_id: subjectIdSchema,
    stage: nameSchema,
    adapter: nameSchema.meta({ description: 'Who is to answer: the subject token and the role of the reply’s key' }),
    attempt: z.int().min(1),
    epoch: z.int().min(1).meta({ description: 'Fencing token: replies below the gatekeeper’s fence are refused' }),
    idem_key: digestSchema,
    authorization_digest: digestSchema,
    inputs: z.array(artifactRefSchema).max(256),
    config: z
      .record(z.string(), z.json())
      .meta({ description: 'Effective stage configuration, from the pipeline snapshot' }),
    as_of: timeSchema,
    not_after: timeSchema,
  })
  .meta({ id: 'StageCommand' });
export type StageCommand = z.infer<typeof commandSchema>;

/** One command on the road, with everything an adapter needs to check it alone. Nullable parts are refused by code, not by parser. */
export const commandItemSchema = z
  .strictObject({
    command: signedItemSchema,
    authorization: signedItemSchema.nullable(),
    decision: signedItemSchema
      .nullable()
      .meta({ description: 'The sealed decision that lists the authorization’s digest' }),
    seal: sealSchema.nullable(),
    traceparent: traceparentSchema.nullable(),
  })
  .meta({ id: 'CommandItem' });
export type CommandItem = z.infer<typeof commandItemSchema>;
