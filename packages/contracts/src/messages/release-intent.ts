import { z } from 'zod';
import { buildIdSchema, hex64Schema, nameSchema, releaseIdSchema, timeSchema } from '../ids.ts';

const actorSchema = z.string().min(1).max(200);
const percentSchema = z.int().min(1).max(100);
const millisecondsSchema = z.int().min(0).max(7_776_000_000);

/** An exact number: an integer, or decimal digits where a fraction is meant. */
export const exactNumberSchema = z.union([z.int(), z.string().regex(/^-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,9}$/)]);
export type ExactNumber = z.infer<typeof exactNumberSchema>;

/** Whom a stage takes: `percent` of the nodes in hash order, or those of these ids or labels. What an earlier stage took stays with it. */
const stageCohortSchema = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('percent'), percent: percentSchema }),
  z.strictObject({ by: z.literal('ids'), ids: z.array(nameSchema).min(1).max(4096) }),
  z.strictObject({ by: z.literal('labels'), labels: z.record(nameSchema, z.string().max(64)) }),
  z.strictObject({ by: z.literal('all') }),
]);
export type StageCohort = z.infer<typeof stageCohortSchema>;

const releaseStageSchema = z.strictObject({
  name: nameSchema,
  cohort: stageCohortSchema,
  soak_ms: millisecondsSchema.optional().meta({ description: 'Instead of the release’s' }),
  confirm_threshold: percentSchema.optional(),
});

export const releaseStrategySchema = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('all_at_once') }),
    z.strictObject({ mode: z.literal('percentage'), percentage: z.int().min(1).max(99) }),
    z.strictObject({
      mode: z.literal('staged'),
      stages: z
        .array(releaseStageSchema)
        .min(1)
        .max(32)
        .meta({ description: 'In order. The last takes all; where it does not, one that does is added' }),
    }),
    z.strictObject({ mode: z.literal('pinned') }),
    z.strictObject({ mode: z.literal('blue_green') }),
  ])
  .meta({ id: 'ReleaseStrategy' });
export type ReleaseStrategy = z.infer<typeof releaseStrategySchema>;

/** How the values of a cohort’s nodes become one: the mean by samples, their sum, or the worst. */
export const metricFolds = ['mean', 'sum', 'max'] as const;
export const metricOps = ['lt', 'lte', 'gt', 'gte', 'eq'] as const;

/** A measure that passes while `value op threshold` holds. Values come out of sealed node reports alone. */
export const analysisMetricSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/),
    fold: z.enum(metricFolds).default('sum'),
    op: z.enum(metricOps),
    threshold: exactNumberSchema,
    min_samples: z.int().min(1).max(1_000_000_000).default(1),
    failure_limit: z.int().min(0).max(1000).default(0).meta({ description: 'Measurements that may fail' }),
    inconclusive_limit: z.int().min(0).max(1000).default(0).meta({
      description: 'Measurements that may have too few samples',
    }),
  })
  .meta({ id: 'AnalysisMetric' });
export type AnalysisMetric = z.infer<typeof analysisMetricSchema>;

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const clockTimeSchema = z.string().regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/);

/** Hours of the week in which a step may be opened, by the clock of a place. Past midnight where `to` is before `from`. */
export const releaseWindowSchema = z
  .strictObject({
    days: z.array(z.enum(weekdays)).min(1).max(7),
    from: clockTimeSchema,
    to: clockTimeSchema,
    zone: z.string().min(1).max(64).meta({ description: 'IANA name, e.g. Europe/Zurich' }),
  })
  .meta({ id: 'ReleaseWindow' });
export type ReleaseWindow = z.infer<typeof releaseWindowSchema>;

const freezeSchema = z.strictObject({ from: timeSchema, to: timeSchema, reason: z.string().max(200) });
export type ReleaseFreeze = z.infer<typeof freezeSchema>;

const rollbackPolicySchema = z.strictObject({
  mode: z.enum(['last_known_good', 'pinned']).default('last_known_good'),
  pack_id: hex64Schema.optional().meta({ description: 'With `pinned`: the pack to go back to' }),
  no_rollback_ack: z.boolean().default(false).meta({
    description: 'Go on although the channel has served packs and none of them can be gone back to',
  }),
});

/** What else must be in service before the first step is opened. */
const requirementSchema = z.union([
  z.strictObject({ release_id: releaseIdSchema }),
  z.strictObject({ channel: nameSchema, pack_id: hex64Schema }),
]);
export type ReleaseRequirement = z.infer<typeof requirementSchema>;

/** How a release is to go. Every member has a standard value. */
export const releasePlanSchema = z.strictObject({
  strategy: releaseStrategySchema.default({ mode: 'all_at_once' }),
  soak_ms: millisecondsSchema.default(0).meta({
    description: 'How long a cohort must stay confirmed; counted from when it was, and again when it falls below',
  }),
  confirm_threshold: percentSchema.default(100).meta({ description: 'Percent of a cohort that must be confirmed' }),
  offline: z
    .strictObject({
      deadline_ms: millisecondsSchema.optional().meta({
        description: 'After this time in an open cohort, who has said nothing is left out; by default the step’s',
      }),
      quorum_percent: percentSchema.default(100).meta({
        description: 'Percent of a cohort that must not be left out; 100: nobody is',
      }),
    })
    .default({ quorum_percent: 100 }),
  analysis: z
    .strictObject({
      metrics: z.array(analysisMetricSchema).max(16).default([]),
      interval_ms: z.int().min(100).max(86_400_000).default(30_000),
    })
    .default({ metrics: [], interval_ms: 30_000 }),
  auto_promote: z.boolean().optional().meta({
    description: 'Go on to the next cohort without a person. By default yes, but for `percentage`',
  }),
  on_failure: z.enum(['rollback', 'pause']).default('rollback').meta({
    description: 'What a failed analysis leads to. One failed integrity check leads to a rollback always',
  }),
  prefetch: z.boolean().default(false).meta({ description: 'Every node brings and verifies the pack at once' }),
  windows: z.array(releaseWindowSchema).max(16).default([]).meta({ description: 'None: always' }),
  freezes: z.array(freezeSchema).max(64).default([]).meta({ description: 'No step is opened between these times' }),
  deadlines: z
    .strictObject({
      step_ms: z.int().min(1).max(7_776_000_000).optional().meta({ description: 'By default the service’s setting' }),
      release_ms: z.int().min(1).max(7_776_000_000).default(604_800_000),
    })
    .default({ release_ms: 604_800_000 }),
  rollback: rollbackPolicySchema.default({ mode: 'last_known_good', no_rollback_ack: false }),
  requires: z.array(requirementSchema).max(16).default([]),
});
export type ReleasePlan = z.infer<typeof releasePlanSchema>;

export const createReleaseSchema = releasePlanSchema
  .extend({
    build_id: buildIdSchema,
    channel: nameSchema,
    actor: actorSchema,
    reason: z.string().max(500),
  })
  .meta({ id: 'CreateRelease' });

/** What a person tells a release. With `version`, only if the release has not changed since. */
export const releaseActionSchema = z
  .strictObject({
    actor: actorSchema,
    reason: z.string().max(500),
    version: z.int().min(1).optional().meta({ description: 'The version it was decided on' }),
  })
  .meta({ id: 'ReleaseAction' });
export const promoteReleaseSchema = releaseActionSchema
  .extend({ full: z.boolean().default(false).meta({ description: 'No further soak, analysis or question' }) })
  .meta({ id: 'PromoteRelease' });
