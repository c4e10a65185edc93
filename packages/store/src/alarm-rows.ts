import type { JsonValue } from '@orgo/core';
import type { Queryable, Tx } from './db.ts';
import type { Alarm, Key } from './machine.ts';
import { textArray } from './text-array.ts';

/** What a batch does to one alarm: the last word about it. */
export type AlarmChange = {
  key: Key;
  alarm_id: string;
  set: Exclude<Alarm, { cancel: string }> | null;
  traceparent: string | null;
};

const setText = `INSERT INTO alarm (tenant_id, machine, id, alarm_id, due_at, kind, data, traceparent)
SELECT t, $9, i, a, $8::timestamptz + d::float8 * interval '1 millisecond', k, j::jsonb, p
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS x(t, i, a, d, k, j, p)
ORDER BY t, i, a
ON CONFLICT (tenant_id, machine, id, alarm_id) DO UPDATE
SET due_at = excluded.due_at, kind = excluded.kind, data = excluded.data, traceparent = excluded.traceparent, fired_at = NULL`;

// The machine is an array too: as a constant it would invite a plan that reads all alarms of the machine.
const cancelText = `DELETE FROM alarm a USING unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS x(t, i, l, m)
WHERE a.tenant_id = t AND a.machine = m AND a.id = i AND a.alarm_id = l`;

const names = (changes: readonly AlarmChange[]): Buffer[] => [
  textArray(changes.map((change) => change.key.tenant_id)),
  textArray(changes.map((change) => change.key.id)),
  textArray(changes.map((change) => change.alarm_id)),
];

/** Writes what a batch decided about alarms. Due times count from `now`, the clock the batch decided by. Nobody need wait for it before the commit. */
export function changeAlarms(tx: Tx, machine: string, changes: readonly AlarmChange[], now: string): void {
  const cancelled = changes.filter((change) => change.set === null);
  const set = changes.filter((change) => change.set !== null);
  if (cancelled.length > 0)
    tx.post({ name: 'alarm_cancel', text: cancelText }, [...names(cancelled), textArray(cancelled.map(() => machine))]);
  if (set.length > 0)
    tx.post({ name: 'alarm_set', text: setText }, [
      ...names(set),
      textArray(set.map((change) => `${change.set?.due_in_ms}`)),
      textArray(set.map((change) => change.set?.kind ?? '')),
      textArray(set.map((change) => JSON.stringify(change.set?.data ?? null))),
      textArray(set.map((change) => change.traceparent)),
      now,
      machine,
    ]);
}

/** An alarm as its row stands. `due_at` is exact text, to name this setting of the alarm and no later one. */
export type AlarmRow = {
  tenant_id: string;
  machine: string;
  id: string;
  alarm_id: string;
  due_at: string;
  kind: string;
  data: JsonValue;
  traceparent: string | null;
};

const claimText = `WITH due AS MATERIALIZED (
  SELECT tenant_id, machine, id, alarm_id FROM alarm WHERE due_at <= now()
  AND (fired_at IS NULL OR fired_at < now() - $2::float8 * interval '1 millisecond')
  ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
UPDATE alarm a SET fired_at = clock_timestamp() FROM due
WHERE a.tenant_id = due.tenant_id AND a.machine = due.machine AND a.id = due.id AND a.alarm_id = due.alarm_id
RETURNING a.tenant_id, a.machine, a.id, a.alarm_id, a.due_at::text, a.kind, a.data, a.traceparent`;

/**
 * Marks up to `limit` due alarms as being fired, the oldest first, and gives them out. Two sweeps never get the same one,
 * until `claimMs` have passed without the alarm being finished: its sweep is taken for dead then.
 */
export async function claimDueAlarms(db: Queryable, limit: number, claimMs: number): Promise<AlarmRow[]> {
  return (await db.query<AlarmRow>({ name: 'alarm_claim', text: claimText }, [limit, claimMs])).rows;
}

const namedBy = (rows: readonly AlarmRow[]): Buffer[] => [
  textArray(rows.map((row) => row.tenant_id)),
  textArray(rows.map((row) => row.machine)),
  textArray(rows.map((row) => row.id)),
  textArray(rows.map((row) => row.alarm_id)),
  textArray(rows.map((row) => row.due_at)),
];
const isNamed = `a.tenant_id = t AND a.machine = m AND a.id = i AND a.alarm_id = l AND a.due_at = d::timestamptz
AND a.fired_at IS NOT NULL`;
const named = 'unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS x(t, m, i, l, d)';

/** Forgets alarms that were fired. One that was set anew meanwhile has another due time or is unclaimed, and stays. */
export async function deleteFiredAlarms(db: Queryable, rows: readonly AlarmRow[]): Promise<void> {
  await db.query({ name: 'alarm_done', text: `DELETE FROM alarm a USING ${named} WHERE ${isNamed}` }, namedBy(rows));
}

/** How soon an alarm that was put off is fired again at the earliest. */
const firstPauseMs = 100;

// Its claim is made to end early. The pause is a tenth of its lateness: what has been late for long waits longest, and needs no column to count by.
const releaseText = `UPDATE alarm a SET fired_at = clock_timestamp() - interval '1 millisecond' * ($6::float8 - least($6::float8,
  greatest(${firstPauseMs}, extract(epoch FROM clock_timestamp() - a.due_at)::float8 * 100))) FROM ${named} WHERE ${isNamed}`;

/**
 * Lets claimed alarms be claimed again after a pause that grows with how late they are, up to `claimMs`: until then later ones are claimed, which
 * those put off cannot starve. Their due time stays, and so does their message id.
 */
export async function releaseAlarms(db: Queryable, rows: readonly AlarmRow[], claimMs: number): Promise<void> {
  await db.query({ name: 'alarm_release', text: releaseText }, [...namedBy(rows), claimMs]);
}

const nextText = `SELECT extract(epoch FROM least(
  (SELECT min(due_at) FROM alarm WHERE fired_at IS NULL),
  (SELECT min(fired_at) FROM alarm WHERE due_at <= now() AND fired_at IS NOT NULL) + $1::float8 * interval '1 millisecond'
) - clock_timestamp())::float8 * 1000 AS ms`;

/** Milliseconds until the next alarm can be claimed, by the database clock; null when none is set. */
export async function nextDueMs(db: Queryable, claimMs: number): Promise<number | null> {
  const { rows } = await db.query<{ ms: number | null }>({ name: 'alarm_next', text: nextText }, [claimMs]);
  return rows[0]?.ms ?? null;
}
