import { z } from 'zod';
import { artifactRefSchema, digestSchema, nameSchema, subjectIdSchema, tenantIdSchema, timeSchema } from '../ids.ts';

/**
 * The one object of permission (GT-05): signed by the gatekeeper, it opens one stage of one build for exact inputs.
 * It does not expire and is not consumed by a retry; a FAIL yields none, so "no compile on fail" is an absence.
 */
export const authorizationSchema = z
  .strictObject({
    v: z.literal(1),
    tenant_id: tenantIdSchema,
    build_id: subjectIdSchema,
    stage: nameSchema.meta({ description: 'The stage it opens' }),
    inputs: z.array(artifactRefSchema).max(256).meta({ description: 'Exactly these, sorted by kind then ref' }),
    rests_on: z.array(digestSchema).max(64).meta({ description: 'Digests of the decisions it follows from' }),
    subject_digest: digestSchema.meta({ description: 'Digest of the reply or claim that was decided' }),
    pipeline_ref: digestSchema,
    mandate_ref: digestSchema,
    as_of: timeSchema,
    root_version: z.int().min(1),
  })
  .meta({ id: 'Authorization' });
export type Authorization = z.infer<typeof authorizationSchema>;
