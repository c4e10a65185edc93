import { digestOf, type JsonValue } from '@orgo/core';
import type { ExecutionReport, Signal, TaskReport } from '@orgo/kristal';

type Said = { type: string; subject: string; data: Record<string, JsonValue> };

/**
 * What a report says to others, as events: that each task was done, that it was cut, and each finding. A signal changes nothing; it asks for a
 * Case, a Task or another build (FB-01), and names the release, the pack and the statements it is about (FB-03).
 */
export function signalsOf({ tasks, release_id, pack_id, created }: ExecutionReport): Signal[] {
  return tasks.flatMap(saidOf).map(({ type, subject, data }) => {
    const signal = {
      specversion: '1.0' as const,
      source: `urn:orgo:release:${release_id}`,
      type,
      subject,
      datacontenttype: 'application/json' as const,
      data: { ...data, release_id, pack_id },
    };
    return { ...signal, id: digestOf(signal), time: created };
  });
}

function saidOf(task: TaskReport): Said[] {
  const { task_id, type, version, status, codes, used, cut, findings } = task;
  const of = { task_id, task: `${type}@${version}` };
  return [
    ...findings.map(
      ({ kind, ...finding }): Said => ({
        type: `orgo.signal.${kind}.v1`,
        subject: finding.subject ?? finding.query ?? task_id,
        data: {
          ...of,
          classification: kind === 'smoke-query' ? 'pack-defect' : 'content-conflict',
          ...definedOf(finding),
        },
      }),
    ),
    ...(cut === null ? [] : [{ type: 'orgo.task.cut.v1', subject: task_id, data: { ...of, ...cut } }]),
    { type: 'orgo.task.finished.v1', subject: task_id, data: { ...of, status, codes, used: { ...used } } },
  ];
}

const definedOf = (value: Record<string, JsonValue | undefined>): Record<string, JsonValue> =>
  Object.fromEntries(Object.entries(value).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
