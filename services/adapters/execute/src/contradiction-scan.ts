import { canonicalBytes } from '@orgo/core';
import { cardTemplate, compareIds, contradicting, type PackResult, queryPack, type TaskFinding } from '@orgo/kristal';
import type { Task } from './task.ts';

/**
 * Looks through properties that have one value, by number, for subjects that have several. A subject whose rows were not all read is not
 * judged: half of its statements say nothing of a contradiction.
 */
export const contradictionScan: Task = async (pack, spec, meter) => {
  const findings: TaskFinding[] = [];
  const properties = [...new Set(spec.single_valued ?? cardTemplate.single_valued)].sort(compareIds);
  for (const property of properties) {
    let open: PackResult[] = [];
    const judge = (): void => {
      const statements = contradicting(open);
      const [first] = statements;
      if (first !== undefined) findings.push(conflict(property, first.subject.id, statements));
      open = [];
    };
    let cursor: string | undefined;
    do {
      if (!meter.query(`property ${property}`)) return findings;
      const page = await queryPack(pack, { p: property, limit: pack.capabilities.page_limit_max, cursor });
      if (!page.ok) throw new TypeError(`${page.code}: ${page.detail}`);
      for (const row of page.value.results) {
        if (!meter.row(canonicalBytes(row).length, `property ${property}, subject ${row.subject.id}`)) return findings;
        if (open[0] !== undefined && open[0].subject.id !== row.subject.id) judge();
        open.push(row);
      }
      cursor = page.value.next_cursor ?? undefined;
    } while (cursor !== undefined);
    judge();
  }
  return findings;
};

const conflict = (property: string, subject: string, statements: readonly PackResult[]): TaskFinding => ({
  kind: 'single-value-conflict',
  code: 'TASK_FINDING_REPORTED',
  subject,
  property,
  statement_ids: statements.map(({ statement_id }) => statement_id),
  detail: `${statements.length} statements with different values, where there is one`,
});
