import { z } from 'zod';
import { digestSchema, hex64Schema, nameSchema } from '../ids.ts';
import { measurementSchema, targetCountsSchema } from './release-status.ts';

/**
 * How a step reaches its nodes: `open` adds its cohort to the candidate’s, `prefetch` opens nothing and waits until the pack is brought and
 * verified, `switch` makes the candidate what everyone runs.
 */
export const stepKinds = ['open', 'prefetch', 'switch'] as const;

/** A step as it was frozen for a generation, with its cohort by digest. Its hash names all of it. */
export const releaseStepFactsSchema = z.strictObject({
  step: z.int().min(0).max(64),
  name: nameSchema,
  kind: z.enum(stepKinds),
  cohort: digestSchema.meta({ description: 'Digest of the cohort’s selector' }),
  enrolled_through: z.int().min(0),
  members: z.int().min(0),
  confirm_threshold: z.int().min(1).max(100),
  quorum_percent: z.int().min(1).max(100),
  soak_ms: z.int().min(0),
});
export type ReleaseStepFacts = z.infer<typeof releaseStepFactsSchema>;

const actSchema = z.object({ action: z.string(), actor: z.string(), reason: z.string(), at: z.string() });

/** `detail` of a RELEASE_STEP claim: which step, and what the steps before it came to. */
export const releaseStepDetailSchema = z.object({
  generation: z.int().min(1),
  channel: nameSchema,
  pack_id: hex64Schema,
  pack_seq: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .meta({ description: 'The number under which the channel offers the pack; a step that names none is not opened' }),
  facts: releaseStepFactsSchema,
  excluded: z.array(z.int().min(0)).max(64).meta({ description: 'Targets left out, by step' }),
  counts: targetCountsSchema.nullable().meta({ description: 'The step before, as the ledger has it' }),
  analysis: z.array(measurementSchema).max(16),
  promoted: actSchema.nullable(),
  acts: z.array(actSchema).max(32).meta({ description: 'What persons did since the last sealed decision' }),
});
export type ReleaseStepDetail = z.infer<typeof releaseStepDetailSchema>;

/** The frozen steps that a RELEASE claim names; none where it names what no step is. */
export const releaseStepsSchema = z.array(digestSchema).max(64).catch([]);

/** What a RELEASE_CLOSE claim tells besides its end; what is not of its form is left out. */
export const releaseCloseDetailSchema = z.object({
  trigger: z.string().max(40).nullable().catch(null),
  counts: targetCountsSchema.nullable().catch(null),
  excluded: z.array(z.int().min(0)).max(64).catch([]),
  finding: z.json().catch(null),
  rollback: z.json().catch(null),
  acts: z.array(z.json()).max(32).catch([]),
});
