import type { targetStates } from '@orgo/contracts';
import type { Queryable } from '@orgo/store/db';
import { textArray } from '@orgo/store/text-array';
import { readChannel } from '../channel/heads.ts';
import {
  type Counts,
  circleOf,
  type Folded,
  hasWayBack,
  integrityCodeList,
  isStranded,
  type Measures,
  noCounts,
  type Observed,
  type ReleaseState,
  type Requiring,
} from '../domain/index.ts';

const countText = `SELECT step, state, count(*)::integer AS n FROM release_target
WHERE tenant_id = $1 AND release_id = $2 GROUP BY step, state`;

/** Codes of targets in the open steps, and one whose integrity failed. */
const codeText = `SELECT reason_code AS code, count(*)::integer AS n, min(instance_id) AS instance_id FROM release_target
WHERE tenant_id = $1 AND release_id = $2 AND state = 'FAILED' AND reason_code IS NOT NULL GROUP BY reason_code ORDER BY 2 DESC, 1 LIMIT 64`;
const tamperedText = `SELECT instance_id, reason_code AS code FROM release_target
WHERE tenant_id = $1 AND release_id = $2 AND state = 'FAILED' AND reason_code = ANY($3::text[]) ORDER BY updated_at, instance_id LIMIT 1`;

const measureText = `SELECT m ->> 'name' AS name, sum((m ->> 'samples')::numeric)::text AS samples, sum((m ->> 'value')::numeric)::text AS sum,
  max((m ->> 'value')::numeric)::text AS max,
  round(sum((m ->> 'value')::numeric * (m ->> 'samples')::numeric) / nullif(sum((m ->> 'samples')::numeric), 0), 9)::text AS mean
FROM release_target, jsonb_array_elements(metrics) m
WHERE tenant_id = $1 AND release_id = $2 AND step <= $3::integer AND active_pack_id = $4 GROUP BY 1`;

/** Targets that run the pack, whatever else they say. */
const activatedText = `SELECT count(*)::integer AS n FROM release_target WHERE tenant_id = $1 AND release_id = $2 AND active_pack_id = $3`;

async function counts(db: Queryable, state: ReleaseState): Promise<Counts[]> {
  const { rows } = await db.query<{ step: number; state: (typeof targetStates)[number]; n: number }>(
    { name: 'target_counts', text: countText },
    [state.tenant_id, state.release_id],
  );
  return state.steps.map(({ step, kind }) => {
    const own: Counts = { ...noCounts };
    for (const row of rows) {
      if (row.step !== step && kind !== 'prefetch') continue;
      own[row.state] += row.n;
      own.total += row.n;
    }
    return own;
  });
}

async function measures(
  db: Queryable,
  { tenant_id, release_id, current, plan, eligible }: ReleaseState,
): Promise<Measures> {
  if (plan.analysis.metrics.length === 0) return { ok: true, metrics: {} };
  const { rows } = await db.query<{ name: string; samples: string } & Omit<Folded, 'samples'>>(
    { name: 'target_measures', text: measureText },
    [tenant_id, release_id, current, eligible?.pack_id ?? ''],
  );
  const metrics: Record<string, Folded> = {};
  for (const { name, samples, ...folded } of rows) {
    if (!Number.isSafeInteger(Number(samples))) return { ok: false };
    metrics[name] = { ...folded, samples: Number(samples) };
  }
  return { ok: true, metrics };
}

/** What a release requires and what is not so yet, in words. */
async function unmet(db: Queryable, { tenant_id, plan }: ReleaseState): Promise<string[]> {
  const found: string[] = [];
  for (const required of plan.requires) {
    if ('release_id' in required) {
      const text = 'SELECT phase FROM release WHERE tenant_id = $1 AND id = $2';
      const { rows } = await db.query<{ phase: string }>({ name: 'release_phase', text }, [
        tenant_id,
        required.release_id,
      ]);
      if (rows[0]?.phase !== 'RELEASED')
        found.push(`${required.release_id} to be RELEASED (it is ${rows[0]?.phase ?? 'unknown'})`);
    } else {
      const channel = await readChannel(db, tenant_id, required.channel);
      if (channel?.current?.pack_id !== required.pack_id) found.push(`${required.channel} to run ${required.pack_id}`);
    }
  }
  return found;
}

const requiringText = `SELECT id, state ->> 'channel' AS channel, state #>> '{eligible,pack_id}' AS pack_id, state #> '{plan,requires}' AS requires
FROM release WHERE tenant_id = $1 AND phase IN ('QUEUED', 'VERIFYING', 'VERIFIED', 'RELEASING', 'PAUSED')
AND jsonb_array_length(state #> '{plan,requires}') > 0`;

/** Releases that require one another in a circle through this one. */
async function circleThrough(
  db: Queryable,
  { tenant_id, release_id, plan }: ReleaseState,
  { unmet }: Pick<Observed, 'unmet'>,
): Promise<string[] | null> {
  if (plan.requires.length === 0 || unmet.length === 0) return null;
  const { rows } = await db.query<Requiring>({ name: 'release_requires', text: requiringText }, [tenant_id]);
  return circleOf(release_id, rows);
}

/** Reads everything outside the row that a look at a release is decided by. What it says may be old a moment later: whoever changes it wakes the release. */
export async function observe(db: Queryable, state: ReleaseState): Promise<Observed> {
  const of = [state.tenant_id, state.release_id];
  const [own, codes, tampered, activated, measured, channel, missing] = await Promise.all([
    counts(db, state),
    db.query<{ code: string }>({ name: 'target_codes', text: codeText }, of),
    db.query<{ instance_id: string; code: string }>({ name: 'target_tampered', text: tamperedText }, [
      ...of,
      textArray(integrityCodeList),
    ]),
    db.query<{ n: number }>({ name: 'target_activated', text: activatedText }, [...of, state.eligible?.pack_id ?? '']),
    measures(db, state),
    readChannel(db, state.tenant_id, state.channel),
    unmet(db, state),
  ]);
  const { release_id, eligible, plan } = state;
  const { mode, pack_id = null } = plan.rollback;
  const release = { release_id, pack_id: eligible?.pack_id ?? '', rollback: { mode, pack_id } };
  const circle = await circleThrough(db, state, { unmet: missing });
  return {
    counts: own,
    failures: codes.rows.map(({ code }) => code),
    tampered: tampered.rows[0] ?? null,
    activated: activated.rows[0]?.n ?? 0,
    measures: measured,
    way_back: channel !== null && hasWayBack(channel, release),
    stranded: channel !== null && isStranded(channel, release),
    unmet: missing,
    circle,
  };
}
