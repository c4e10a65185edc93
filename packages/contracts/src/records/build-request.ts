import { z } from 'zod';
import { artifactRefSchema, digestSchema, nameSchema, timeSchema } from '../ids.ts';

/** Where a document is from: without it ingest refuses (ST-07, ST-16). */
const sourceSchema = z.strictObject({
  source_id: z.string().min(1).max(200),
  origin: z.string().min(1).max(1000),
  license: z.string().min(1).max(200),
  title: z.string().max(300).nullable(),
  lang: z.string().max(16).nullable(),
  retrieved_at: z
    .string()
    .max(32)
    .nullable()
    .meta({ description: 'As given by who fetched it; never the clock of Orgo' }),
});

/**
 * What a build starts from: uploaded documents by digest, with provenance, and the resources it pins.
 * Uploading happens before; a build never reads a live source (ST-14).
 */
export const buildRequestSchema = z
  .strictObject({
    v: z.literal(1),
    kind: z.literal('build-request'),
    documents: z
      .array(
        z.strictObject({
          path: z.string().min(1).max(1024),
          ref: digestSchema,
          size: z.int().min(0),
          media_type: z.string().min(1).max(127),
          source: sourceSchema,
        }),
      )
      .max(100_000),
    resources: z
      .array(artifactRefSchema)
      .max(64)
      .meta({ description: 'Pinned gazetteers and rulesets, e.g. gazetteer-entities, gazetteer-properties' }),
    put_aside: z.array(digestSchema).min(1).max(100_000).optional().meta({
      description:
        'Documents that are dead letters nobody has requeued: left out, where the mandate lets documents be put aside',
    }),
    requeued: z
      .array(z.strictObject({ ref: digestSchema, at: timeSchema }))
      .min(1)
      .max(100_000)
      .optional()
      .meta({
        description:
          'Dead letters that somebody has taken again, and when: a request that follows one is another request',
      }),
    profile: nameSchema.meta({ description: 'Validation profile asked for; the mandate decides' }),
  })
  .meta({ id: 'BuildRequest' });
export type BuildRequest = z.infer<typeof buildRequestSchema>;
