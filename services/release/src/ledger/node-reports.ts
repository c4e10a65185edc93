import type { Tx } from '@orgo/store/db';
import type { SaveRow } from '@orgo/store/machine';
import { textArray } from '@orgo/store/text-array';
import { type NodeEvent, type NodeState, progressOf } from '../domain/index.ts';

type Row = SaveRow<NodeState, NodeEvent>;
type Line = {
  tenant_id: string;
  release_id: string;
  instance_id: string;
  state: string;
  reason_code: string | null;
  active_pack_id: string | null;
  metrics: string;
  decision: string;
};

function linesOf(rows: readonly Row[]): Line[] {
  // A node’s last word about a release in a batch is the one that counts.
  const last = new Map<string, Line>();
  for (const { key, events } of rows)
    for (const event of events) {
      if (event.type !== 'NodeReported') continue;
      const { state, reason_code } = progressOf(event);
      const { active_pack_id, metrics } = event.said;
      const of = { tenant_id: key.tenant_id, release_id: event.release_id, instance_id: key.id };
      const name = `${of.tenant_id}/${of.release_id}/${of.instance_id}`;
      last.set(name, {
        ...of,
        state,
        reason_code,
        active_pack_id,
        metrics: JSON.stringify(metrics),
        decision: event.decision_digest,
      });
    }
  return [...last.values()].sort((a, b) =>
    `${a.release_id} ${a.instance_id}` < `${b.release_id} ${b.instance_id}` ? -1 : 1,
  );
}

const lines = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
  AS x(tenant_id, release_id, instance_id, state, code, active, metrics, decision)`;

/** Whether a state means that the node runs, or ran, the pack. */
const ran = `('ACTIVATED', 'CONFIRMED', 'DRIFTED')`;

/** A node that no frozen membership knows belongs to the tail. */
const upsert = `INSERT INTO release_target AS t (tenant_id, release_id, instance_id, step, late, state, reason_code, active_pack_id, metrics, decision,
  verified_at, activated_at, confirmed_at, updated_at)
SELECT x.tenant_id, x.release_id, x.instance_id, greatest(0, jsonb_array_length(r.state -> 'steps') - 1), true,
  CASE WHEN x.state IN ('drifts', 'stays') THEN 'OFFERED' ELSE x.state END, x.code, x.active, x.metrics::jsonb, x.decision,
  CASE WHEN x.state IN ('VERIFIED', 'ACTIVATED', 'CONFIRMED') THEN clock_timestamp() END,
  CASE WHEN x.state IN ('ACTIVATED', 'CONFIRMED') THEN clock_timestamp() END,
  CASE WHEN x.state = 'CONFIRMED' THEN clock_timestamp() END, clock_timestamp()
FROM ${lines} JOIN release r ON r.tenant_id = x.tenant_id AND r.id = x.release_id
ORDER BY x.release_id, x.instance_id
ON CONFLICT (tenant_id, release_id, instance_id) DO UPDATE SET
  state = CASE excluded.state WHEN 'OFFERED' THEN
    CASE WHEN t.state IN ${ran} AND excluded.active_pack_id IS DISTINCT FROM t.active_pack_id THEN 'DRIFTED'
      WHEN t.state = 'PENDING' THEN 'OFFERED' ELSE t.state END
    ELSE excluded.state END,
  reason_code = excluded.reason_code, metrics = excluded.metrics, decision = excluded.decision,
  active_pack_id = excluded.active_pack_id,
  verified_at = coalesce(t.verified_at, excluded.verified_at),
  activated_at = coalesce(t.activated_at, excluded.activated_at),
  confirmed_at = coalesce(excluded.confirmed_at, CASE WHEN excluded.state = 'CONFIRMED' THEN clock_timestamp() END, t.confirmed_at),
  reverted_at = CASE WHEN excluded.state = 'CONFIRMED' THEN NULL ELSE t.reverted_at END,
  updated_at = excluded.updated_at`;

/** What a node runs now says of every other release whether it is back: those that are being brought back count it. */
const revert = `UPDATE release_target t SET state = 'ROLLED_BACK', reverted_at = clock_timestamp(), updated_at = clock_timestamp(),
  active_pack_id = x.active
FROM ${lines}, release r
WHERE t.tenant_id = x.tenant_id AND t.instance_id = x.instance_id AND r.tenant_id = t.tenant_id AND r.id = t.release_id
  AND t.activated_at IS NOT NULL AND t.state <> 'ROLLED_BACK' AND r.state #>> '{eligible,pack_id}' IS DISTINCT FROM x.active
  AND (r.phase = 'ROLLED_BACK' OR r.state #>> '{ending,rollback,status}' IN ('ASKED', 'DONE'))
RETURNING t.release_id, t.tenant_id`;

/** Wakes releases whose numbers changed. A row that is due and unclaimed will be read behind this commit: one wake serves many reports. */
const wake = `INSERT INTO alarm AS a (tenant_id, machine, id, alarm_id, due_at, kind, data)
SELECT DISTINCT r.tenant_id, 'release', r.id, 'now', clock_timestamp(), 'look', '{}'::jsonb
FROM unnest($1::text[], $2::text[]) AS x(tenant_id, release_id)
JOIN release r ON r.tenant_id = x.tenant_id AND r.id = x.release_id AND r.phase IN ('VERIFIED', 'RELEASING', 'PAUSED')
ORDER BY 1, 3
ON CONFLICT (tenant_id, machine, id, alarm_id) DO UPDATE SET due_at = excluded.due_at, fired_at = NULL
WHERE a.fired_at IS NOT NULL OR a.due_at > excluded.due_at`;

/** Has releases look at their numbers, by an alarm in the same transaction. */
export async function wakeReleases(
  tx: Tx,
  releases: readonly { tenant_id: string; release_id: string }[],
): Promise<void> {
  if (releases.length === 0) return;
  await tx.query({ name: 'release_wake', text: wake }, [
    textArray(releases.map(({ tenant_id }) => tenant_id)),
    textArray(releases.map(({ release_id }) => release_id)),
  ]);
}

/** Writes sealed reports into the ledger, with the node’s row. */
export async function projectNodes(tx: Tx, rows: readonly Row[]): Promise<void> {
  const all = linesOf(rows);
  if (all.length === 0) return;
  const values = [
    textArray(all.map((line) => line.tenant_id)),
    textArray(all.map((line) => line.release_id)),
    textArray(all.map((line) => line.instance_id)),
    textArray(all.map((line) => line.state)),
    textArray(all.map((line) => line.reason_code)),
    textArray(all.map((line) => line.active_pack_id)),
    textArray(all.map((line) => line.metrics)),
    textArray(all.map((line) => line.decision)),
  ];
  await tx.query({ name: 'target_upsert', text: upsert }, values);
  const reverted = await tx.query<{ tenant_id: string; release_id: string }>(
    { name: 'target_revert', text: revert },
    values,
  );
  await wakeReleases(tx, [...all, ...reverted.rows]);
}
