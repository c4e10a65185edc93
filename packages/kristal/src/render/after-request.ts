import { z } from 'zod';
import { Hex64Schema } from '../digest-text.ts';
import { PackQuerySchema } from '../pack-query.ts';
import { PidSchema, QidSchema } from '../statement.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);

/** What a task may use. `milliseconds` are charged by the price list of the task, so that the same work ends at the same row everywhere. */
export const TaskBudgetSchema = z.strictObject({
  rows: z.int().min(1).max(100_000_000),
  milliseconds: z.int().min(1).max(3_600_000),
  bytes: z.int().min(1).max(1_073_741_824),
});
export type TaskBudget = z.infer<typeof TaskBudgetSchema>;

/** A question of a smoke task, and the shape its answer must have. */
export const SmokeQuerySchema = z.strictObject({
  id: name,
  query: PackQuerySchema.pick({ s: true, p: true, o: true, limit: true }),
  expect: z.strictObject({
    min_rows: z.int().min(0),
    max_rows: z.int().min(0).optional(),
    /** Types that objects may have. */
    object_types: z.array(z.string().max(40)).max(8).optional(),
    /** Every row has evidence. */
    evidence: z.boolean(),
  }),
});
export type SmokeQuery = z.infer<typeof SmokeQuerySchema>;

/** A governed task: what is to be done, and how much of the pack it may read. */
export const TaskSpecSchema = z.strictObject({
  task_id: name,
  type: name,
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  budget: TaskBudgetSchema,
  queries: z.array(SmokeQuerySchema).max(256).optional(),
  single_valued: z.array(PidSchema).max(256).optional(),
});
export type TaskSpec = z.infer<typeof TaskSpecSchema>;

/** Which subjects: named by id, or by label (which must fit one only), or all subjects of a pattern. */
export const SubjectsSchema = z.union([
  z.strictObject({ ids: z.array(QidSchema).min(1).max(64) }),
  z.strictObject({ label: z.string().min(1).max(200) }),
  z.strictObject({ query: PackQuerySchema.pick({ p: true, o: true }), limit: z.int().min(1).max(64) }),
]);
export type Subjects = z.infer<typeof SubjectsSchema>;

/** What to make of a released pack: cards, then tasks. The release is named by id and by its pack; nothing here means "the latest". */
export const AfterRequestSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('after-request'),
  release_id: z.string().regex(/^rel_[0-9a-f-]{36}$/),
  pack_id: Hex64Schema,
  render: z.strictObject({
    render_kind: z.string().max(40),
    template: z.strictObject({ id: z.string().max(40), version: z.string().max(40) }),
    projection: z.string().max(40),
    languages: z.array(z.string().max(35)).min(1).max(8),
    subjects: SubjectsSchema,
  }),
  tasks: z.array(TaskSpecSchema).min(1).max(16),
});
export type AfterRequest = z.infer<typeof AfterRequestSchema>;
