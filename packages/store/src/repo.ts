import pg from 'pg';
import type { Tx } from './db.ts';
import { type Key, keyText, type Repo, type SaveRow } from './machine.ts';
import { textArray } from './text-array.ts';

type Stored<State> = { tenant_id: string; id: string; version: string; state: State };

/**
 * Makes a statement fail as a conflict unless it writes as many rows as the parameter `$<place>` says. The server itself refuses to commit then, so that
 * nobody need wait for the count before the commit is sent.
 */
export const allOrConflict = (text: string, place: number): string =>
  `WITH done AS (${text} RETURNING 1) SELECT 1 / (count(*) = $${place}::int)::int FROM done`;

/**
 * Keeps the aggregates of a machine in `table(tenant_id, id, version, phase, state jsonb or json, created_at, updated_at)` with
 * primary key (tenant_id, id), and their events in `event` under the machine's name. `version` counts events, so the last
 * event's `seq` equals it.
 */
export function tableRepo<State, Event extends { type: string }>(
  table: string,
  { machine = table, json = 'jsonb' }: { machine?: string; json?: 'json' | 'jsonb' } = {},
): Repo<State, Event> {
  const name = pg.escapeIdentifier(table);
  const statements = {
    load: `SELECT tenant_id, id, version, state FROM ${name}
WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY tenant_id, id FOR UPDATE`,
    // Another transaction that makes the same row first leaves nothing to insert: the count tells.
    insert: allOrConflict(
      `INSERT INTO ${name} (tenant_id, id, version, phase, state)
SELECT t, i, v::bigint, p, s::${json} FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS x(t, i, v, p, s)
ON CONFLICT (tenant_id, id) DO NOTHING`,
      6,
    ),
    update: allOrConflict(
      `UPDATE ${name} AS a SET version = v::bigint, phase = p, state = s::${json}, updated_at = now()
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS x(t, i, v, p, s, expected)
WHERE a.tenant_id = t AND a.id = i AND a.version = expected::bigint`,
      7,
    ),
  };

  const write = (tx: Tx, verb: 'insert' | 'update', rows: readonly SaveRow<State, Event>[]): void => {
    if (rows.length === 0) return;
    const values = [
      textArray(rows.map((row) => row.key.tenant_id)),
      textArray(rows.map((row) => row.key.id)),
      textArray(rows.map((row) => `${row.version}`)),
      textArray(rows.map((row) => row.phase)),
      textArray(rows.map((row) => JSON.stringify(row.state))),
    ];
    if (verb === 'update') values.push(textArray(rows.map((row) => `${row.version - row.events.length}`)));
    tx.post({ name: `${table}_${verb}`, text: statements[verb] }, [...values, rows.length]);
  };

  return {
    async load(tx, keys) {
      const { rows } = await tx.query<Stored<State>>({ name: `${table}_load`, text: statements.load }, keyArrays(keys));
      return new Map(rows.map((row) => [keyText(row), { state: row.state, version: Number(row.version) }]));
    },
    async save(tx, rows) {
      const isFirst = (row: SaveRow<State, Event>): boolean => row.version === row.events.length;
      // In this order: events of a lost race also collide, and the first failure is what the transaction fails with.
      write(tx, 'insert', rows.filter(isFirst));
      write(
        tx,
        'update',
        rows.filter((row) => !isFirst(row)),
      );
      appendEvents(tx, machine, rows);
    },
  };
}

const append = `INSERT INTO event (tenant_id, machine, id, seq, type, data)
SELECT t, m, i, q::bigint, y, d::json FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS x(t, m, i, q, y, d)`;

/** Appends events to `event`, numbered up to each row's version. For repos that keep states in their own way. */
export function appendEvents<Event extends { type: string }>(
  tx: Tx,
  machine: string,
  rows: readonly SaveRow<unknown, Event>[],
): void {
  const flat = rows.flatMap(({ key, version, events }) =>
    events.map((event, index) => ({ key, event, seq: version - events.length + index + 1 })),
  );
  if (flat.length === 0) return;
  tx.post({ name: 'event_append', text: append }, [
    textArray(flat.map((row) => row.key.tenant_id)),
    textArray(flat.map(() => machine)),
    textArray(flat.map((row) => row.key.id)),
    textArray(flat.map((row) => `${row.seq}`)),
    textArray(flat.map((row) => row.event.type)),
    textArray(flat.map((row) => JSON.stringify(row.event))),
  ]);
}

/** Tenant ids and ids as two array parameters. */
export const keyArrays = (keys: readonly Key[]): Buffer[] => [
  textArray(keys.map((key) => key.tenant_id)),
  textArray(keys.map((key) => key.id)),
];
