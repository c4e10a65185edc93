import { z } from 'zod';
import { buildIdSchema, digestSchema, nameSchema, releaseIdSchema, tenantIdSchema, timeSchema } from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';
import { cohortSelectorSchema } from '../records/channel-index.ts';
import { releasePhases, stepPhases, targetStates } from '../states.ts';
import { exactNumberSchema, metricOps, releasePlanSchema } from './release-intent.ts';

/** What one metric came to: the value and what it was held against, over how many samples, when. */
export const measurementSchema = z
  .object({
    name: z.string(),
    outcome: z.enum(['pass', 'fail', 'inconclusive', 'error']),
    value: exactNumberSchema.nullable(),
    op: z.enum(metricOps),
    threshold: exactNumberSchema,
    samples: z.int(),
    at: timeSchema,
  })
  .meta({ id: 'Measurement' });
export type Measurement = z.infer<typeof measurementSchema>;

const countsShape = Object.fromEntries(targetStates.map((state) => [state, z.int()])) as Record<
  (typeof targetStates)[number],
  z.ZodInt
>;
/** Targets by state. `total` is the denominator, with those that were left out. */
export const targetCountsSchema = z.object({ total: z.int(), ...countsShape }).meta({ id: 'TargetCounts' });

const stepStatusSchema = z.object({
  step: z.int(),
  name: nameSchema,
  step_hash: digestSchema,
  cohort: cohortSelectorSchema,
  state: z.enum(stepPhases),
  counts: targetCountsSchema,
  needed: z.int().meta({ description: 'Confirmed targets that the step needs' }),
  opened_at: timeSchema.nullable(),
  confirmed_at: timeSchema.nullable(),
  soak_until: timeSchema.nullable(),
  deadline_at: timeSchema.nullable(),
  measurements: z.array(measurementSchema),
});

export const releaseStatusSchema = z
  .object({
    release_id: releaseIdSchema,
    tenant_id: tenantIdSchema,
    build_id: buildIdSchema,
    channel: nameSchema,
    generation: z.int(),
    retry_of: releaseIdSchema.nullable(),
    release_seq: z.int().nullable(),
    pack_seq: z.int().nullable(),
    status: z.enum(releasePhases),
    reason_codes: z.array(reasonCodeSchema),
    kristal_id: digestSchema.nullable(),
    pack_id: z.string().nullable(),
    plan: releasePlanSchema.nullable(),
    steps: z.array(stepStatusSchema),
    counts: targetCountsSchema,
    finding: measurementSchema.nullable().meta({ description: 'The measurement that stopped it' }),
    stopped: z.boolean().meta({ description: 'No further cohort is opened; it goes to its end by itself' }),
    rollback: z
      .object({ trigger: z.string(), to_pack_id: z.string().nullable(), by: z.string(), at: timeSchema })
      .nullable(),
    waiting_for: z.string().nullable().meta({ description: 'Why it waits, for a person' }),
    next_look_at: timeSchema.nullable().meta({ description: 'When time alone may change something' }),
    events: z.array(z.object({ at: timeSchema, type: z.string(), actor: z.string(), detail: z.string() })),
    version: z.int(),
  })
  .meta({ id: 'ReleaseStatus' });
export type ReleaseStatus = z.infer<typeof releaseStatusSchema>;

/** One row of the ledger: how far a node is with a release. */
export const releaseTargetSchema = z
  .object({
    instance_id: nameSchema,
    step: z.int(),
    late: z.boolean().meta({ description: 'Enrolled after the membership was frozen' }),
    state: z.enum(targetStates),
    reason_code: reasonCodeSchema.nullable(),
    active_pack_id: z.string().nullable(),
    offered_at: timeSchema.nullable(),
    verified_at: timeSchema.nullable(),
    activated_at: timeSchema.nullable(),
    confirmed_at: timeSchema.nullable(),
    reverted_at: timeSchema.nullable(),
    updated_at: timeSchema,
  })
  .meta({ id: 'ReleaseTarget' });
export type ReleaseTarget = z.infer<typeof releaseTargetSchema>;
