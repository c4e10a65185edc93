import { cardTemplate, type TaskBudget, type TaskSpec } from '@orgo/kristal';
import { z } from 'zod';
import { tasks } from './tasks.ts';

/** What a pipeline allows: which tasks, in which version, and the ceiling of every budget. Pinned with the pipeline. */
export const ExecuteConfigSchema = z.object({
  tasks: z.array(z.string().regex(/^[a-z0-9.-]+@\d+\.\d+\.\d+$/)),
  ceiling: z.strictObject({ rows: z.int(), milliseconds: z.int(), bytes: z.int() }),
});
export type ExecuteConfig = z.infer<typeof ExecuteConfigSchema>;

/** The gates of a task, all of which must be open before its first row is read. The pack was verified and is the request's by then. */
export function gatesOf(spec: TaskSpec, { tasks: allowed, ceiling }: ExecuteConfig): { gate: string; open: boolean }[] {
  const name = `${spec.type}@${spec.version}`;
  return [
    { gate: 'pack-verified', open: true },
    { gate: 'pack-of-release', open: true },
    { gate: 'task-allowed', open: allowed.includes(name) && Object.hasOwn(tasks, name) },
    { gate: 'spec-complete', open: isComplete(spec) },
    {
      gate: 'budget-within-ceiling',
      open: (Object.keys(ceiling) as (keyof TaskBudget)[]).every((of) => spec.budget[of] <= ceiling[of]),
    },
  ];
}

/** A task gets what it needs and nothing that it would ignore. */
function isComplete({ type, queries, single_valued }: TaskSpec): boolean {
  if (type === 'pack-smoke') return (queries?.length ?? 0) > 0 && single_valued === undefined;
  return queries === undefined && (single_valued ?? cardTemplate.single_valued).length > 0;
}
