import type { Tx } from '@orgo/store/db';
import { keyText, type Machine, type Repo, type SaveRow } from '@orgo/store/machine';
import { allOrConflict, keyArrays } from '@orgo/store/repo';
import { textArray } from '@orgo/store/text-array';
import * as domain from './domain/index.ts';

const statements = {
  load: `SELECT tenant_id, id, version, state FROM log
WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY tenant_id, id FOR UPDATE`,
  insert: allOrConflict(
    `INSERT INTO log (tenant_id, id, version, phase, state)
SELECT t, i, v::bigint, p, s::jsonb FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS x(t, i, v, p, s)
ON CONFLICT (tenant_id, id) DO NOTHING`,
    6,
  ),
  update: allOrConflict(
    `UPDATE log AS l SET version = v::bigint, phase = p, state = s::jsonb, updated_at = now()
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS x(t, i, v, p, s, expected)
WHERE l.tenant_id = t AND l.id = i AND l.version = expected::bigint`,
    7,
  ),
};

type Row = SaveRow<domain.LogState, domain.LogEvent>;
type Stored = { tenant_id: string; id: string; version: string; state: domain.LogState };

const isFirst = ({ version, events }: Row): boolean => version === events.length;

function write(tx: Tx, verb: 'insert' | 'update', rows: readonly Row[]): void {
  if (rows.length === 0) return;
  const of = (pick: (row: Row) => string) => textArray(rows.map(pick));
  const values = [
    of(({ key }) => key.tenant_id),
    of(({ key }) => key.id),
    of(({ version }) => `${version}`),
    of(({ phase }) => phase),
    of(({ state }) => JSON.stringify(state)),
  ];
  if (verb === 'update') values.push(of(({ version, events }) => `${version - events.length}`));
  // Another sequencer that advanced the log makes it a conflict.
  tx.post({ name: `log_${verb}`, text: statements[verb] }, [...values, rows.length]);
}

/** Heads in the table `log`. The entries are its events, so none are kept twice; `version` counts them. */
const logRepo: Repo<domain.LogState, domain.LogEvent> = {
  async load(tx, keys) {
    const { rows } = await tx.query<Stored>({ name: 'log_load', text: statements.load }, keyArrays(keys));
    return new Map(rows.map((row) => [keyText(row), { state: row.state, version: Number(row.version) }]));
  },
  async save(tx, rows) {
    write(tx, 'insert', rows.filter(isFirst));
    write(
      tx,
      'update',
      rows.filter((row) => !isFirst(row)),
    );
  },
};

export type LogMachine = Machine<domain.LogState, domain.SealInput, domain.LogEvent, domain.SealSend, never>;

/** The one log of a tenant. */
export const logId = 'log';

export const logMachine: LogMachine = {
  name: 'log',
  keyOf: ({ tenant_id }) => ({ tenant_id, id: logId }),
  initial: domain.initialLog,
  decide: domain.decideLog,
  evolve: domain.evolveLog,
  phaseOf: () => 'OPEN',
  repo: logRepo,
};
