import { canonicalBytes } from '@orgo/core';
import { type PackPage, queryPack, type SmokeQuery, type TaskFinding } from '@orgo/kristal';
import type { Task } from './task.ts';

/** Asks the questions of its spec, in their order, and holds each answer against the shape that it must have. */
export const packSmoke: Task = async (pack, spec, meter) => {
  const findings: TaskFinding[] = [];
  const failed = ({ id }: SmokeQuery, detail: string, statement_ids: string[] = []): void => {
    findings.push({ kind: 'smoke-query', code: 'SMOKE_FAILED', query: id, statement_ids, detail });
  };
  for (const one of spec.queries ?? []) {
    if (!meter.query(`query ${one.id}`)) return findings;
    const page = await queryPack(pack, one.query);
    if (!page.ok) {
      failed(one, page.code);
      continue;
    }
    for (const row of page.value.results)
      if (!meter.row(canonicalBytes(row).length, `query ${one.id}, row ${row.row}`)) return findings;
    const wrong = wrongIn(one, page.value);
    if (wrong !== null) failed(one, wrong.detail, wrong.statement_ids);
  }
  return findings;
};

function wrongIn({ expect }: SmokeQuery, page: PackPage): { detail: string; statement_ids: string[] } | null {
  const rows = page.cardinality?.value ?? page.results.length;
  const most = expect.max_rows ?? Number.POSITIVE_INFINITY;
  if (rows < expect.min_rows || rows > most)
    return { detail: `${rows} rows, wanted ${expect.min_rows} to ${expect.max_rows ?? 'any'}`, statement_ids: [] };
  const types = expect.object_types;
  const odd = types && page.results.find(({ object }) => !types.includes(object.type));
  if (odd) return { detail: `an object of type ${odd.object.type}`, statement_ids: [odd.statement_id] };
  const bare = expect.evidence ? page.results.find(({ evidence_ids }) => evidence_ids.length === 0) : undefined;
  return bare ? { detail: 'a statement without evidence', statement_ids: [bare.statement_id] } : null;
}
