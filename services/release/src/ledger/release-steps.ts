import type { Tx } from '@orgo/store/db';
import type { SaveRow } from '@orgo/store/machine';
import { textArray } from '@orgo/store/text-array';
import type { Member, ReleaseEvent, ReleaseState } from '../domain/index.ts';
import { wakeReleases } from './node-reports.ts';

type Row = SaveRow<ReleaseState, ReleaseEvent>;

const insert = `INSERT INTO release_target (tenant_id, release_id, instance_id, step)
SELECT $1, $2, i, s::integer FROM unnest($3::text[], $4::text[]) AS x(i, s)
ON CONFLICT (tenant_id, release_id, instance_id) DO NOTHING`;

/** Who enrolled meanwhile belongs to the tail from when that is opened. */
const joined = `INSERT INTO release_target (tenant_id, release_id, instance_id, step, late)
SELECT n.tenant_id, $2, n.id, $3::integer, true FROM node n WHERE n.tenant_id = $1 AND n.channel = $4 AND n.phase = 'ENROLLED'
ON CONFLICT (tenant_id, release_id, instance_id) DO NOTHING`;

const offered = `UPDATE release_target SET offered_at = clock_timestamp(), updated_at = clock_timestamp(),
  state = CASE state WHEN 'PENDING' THEN 'OFFERED' ELSE state END
WHERE tenant_id = $1 AND release_id = $2 AND (step = $3::integer OR $4::boolean)`;

const ended = (state: 'OFFLINE_EXCLUDED' | 'TIMED_OUT', from: string): string => `UPDATE release_target
SET state = '${state}', updated_at = clock_timestamp(), reason_code = coalesce(reason_code, 'ACTIVATION_NOT_CONFIRMED')
WHERE tenant_id = $1 AND release_id = $2 AND (step = $3::integer OR $4::boolean) AND state IN (${from})`;
const leftOut = ended('OFFLINE_EXCLUDED', `'PENDING', 'OFFERED'`);
const timedOut = ended('TIMED_OUT', `'PENDING', 'OFFERED', 'VERIFIED', 'ACTIVATED'`);

const waitingOnOthers = `SELECT tenant_id, id AS release_id FROM release
WHERE tenant_id = $1 AND phase = 'RELEASING' AND jsonb_array_length(state #> '{plan,requires}') > 0`;

async function freeze(tx: Tx, of: [string, string], members: readonly Member[]): Promise<void> {
  if (members.length === 0) return;
  await tx.query({ name: 'target_freeze', text: insert }, [
    ...of,
    textArray(members.map(({ instance_id }) => instance_id)),
    textArray(members.map(({ step }) => `${step}`)),
  ]);
}

/** Writes into the ledger what the steps of a release do to their targets, with the release’s row. */
export async function projectReleases(tx: Tx, rows: readonly Row[]): Promise<void> {
  for (const { key, state, events } of rows) {
    const of: [string, string] = [key.tenant_id, key.id];
    for (const event of events) {
      // A prefetch concerns everybody.
      const everyone = 'step' in event && state.steps[event.step]?.kind === 'prefetch';
      const step = 'step' in event ? [...of, event.step, everyone] : [];
      switch (event.type) {
        case 'VerifyRequested':
          await freeze(tx, of, event.members);
          break;
        case 'StepOpened':
          if (event.step === state.steps.length - 1)
            await tx.query({ name: 'target_joined', text: joined }, [...of, event.step, state.channel]);
          await tx.query({ name: 'target_offered', text: offered }, step);
          break;
        case 'TargetsLeftOut':
          if (event.silent > 0) await tx.query({ name: 'target_left_out', text: leftOut }, step);
          break;
        case 'TargetsTimedOut':
          await tx.query({ name: 'target_timed_out', text: timedOut }, step);
          break;
        case 'ReleaseCompleted': {
          const others = await tx.query<{ tenant_id: string; release_id: string }>(
            { name: 'release_requiring', text: waitingOnOthers },
            [key.tenant_id],
          );
          await wakeReleases(tx, others.rows);
          break;
        }
        default:
      }
    }
  }
}
