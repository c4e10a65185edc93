import { z } from 'zod';
import { DigestTextSchema, Hex64Schema } from '../digest-text.ts';
import { TaskBudgetSchema } from './after-request.ts';

const text = z.string().max(400);
const code = z.string().regex(/^[A-Z][A-Z0-9_]{2,79}$/);

/** Something that a task found: what it is about, and the statements to look at. */
export const TaskFindingSchema = z.strictObject({
  kind: z.enum(['single-value-conflict', 'smoke-query']),
  code,
  subject: text.optional(),
  property: text.optional(),
  query: text.optional(),
  statement_ids: z.array(DigestTextSchema),
  detail: text,
});
export type TaskFinding = z.infer<typeof TaskFindingSchema>;

/** How one task went. `used` is what was charged; a task that was cut says what ran out and where it stopped. */
export const TaskReportSchema = z.strictObject({
  task_id: text,
  type: text,
  version: text,
  spec: DigestTextSchema,
  gates: z.array(z.strictObject({ gate: text, open: z.literal(true) })),
  status: z.enum(['SUCCEEDED', 'FAILED', 'CUT']),
  codes: z.array(code),
  budget: TaskBudgetSchema,
  used: z.strictObject({ rows: z.int().min(0), microseconds: z.int().min(0), bytes: z.int().min(0) }),
  cut: z.strictObject({ code, of: z.enum(['rows', 'milliseconds', 'bytes']), at: text }).nullable(),
  findings: z.array(TaskFindingSchema),
});
export type TaskReport = z.infer<typeof TaskReportSchema>;

/** What an execute stage did to a pack: nothing. It read, under budgets, and says what it saw. */
export const ExecutionReportSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('execution-report'),
  release_id: text,
  pack_id: Hex64Schema,
  created: text,
  tasks: z.array(TaskReportSchema),
});
export type ExecutionReport = z.infer<typeof ExecutionReportSchema>;

/**
 * A signal: an event in the form of CloudEvents 1.0, as in a JSON batch. Its id is the digest of all else but its time, so the same finding in
 * the same release is the same signal.
 */
export const SignalSchema = z.strictObject({
  specversion: z.literal('1.0'),
  id: DigestTextSchema,
  source: text,
  type: text,
  subject: text,
  time: text,
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.json()),
});
export type Signal = z.infer<typeof SignalSchema>;
export const SignalsSchema = z.array(SignalSchema);
