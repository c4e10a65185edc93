import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/**
 * An event of a machine of the release service, by a name that it has in every run: whose it is (a channel, of releases theirs, or a node), the machine, its type
 * and the how manieth of its type it is.
 */
export const eventName = (whose: string, machine: string, type: string, nth: number): string =>
  [whose, machine, type, nth].join(' ');

/** A transaction that stands still with its transitions written and nothing committed. */
export type Held = { pid: number; names: string[] };

/** Class of the locks by which a transaction says what it is held for. */
const held = 7_411;

/**
 * Whoever writes an event that is wished for waits in mid-transaction, behind all its rows and before its commit, until nobody wishes for it any more. It waits
 * in the server, so that nothing of the service is changed. What waits shows as a lock: number of the wish, process that serves the transaction.
 */
const sql = `
CREATE SCHEMA hold;
CREATE TABLE hold.wish (id int GENERATED ALWAYS AS IDENTITY, name text PRIMARY KEY);
CREATE FUNCTION hold.name_of(of_tenant text, of_machine text, of_id text, of_seq bigint, of_type text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE alias text := of_id; nth bigint;
BEGIN
  IF of_machine = 'release' THEN
    SELECT channel INTO alias FROM release.release WHERE tenant_id = of_tenant AND id = of_id;
    SELECT count(*) INTO nth FROM release.event e WHERE e.tenant_id = of_tenant AND e.machine = of_machine AND e.type = of_type
      AND e.id IN (SELECT r.id FROM release.release r WHERE r.tenant_id = of_tenant AND r.channel = alias) AND (e.id <> of_id OR e.seq <= of_seq);
  ELSE
    SELECT count(*) INTO nth FROM release.event e WHERE e.tenant_id = of_tenant AND e.machine = of_machine AND e.id = of_id AND e.type = of_type AND e.seq <= of_seq;
  END IF;
  RETURN concat_ws(' ', alias, of_machine, of_type, nth);
END $$;
CREATE FUNCTION hold.stand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE wished int[];
BEGIN
  IF NOT EXISTS (SELECT 1 FROM hold.wish) THEN RETURN NULL; END IF;
  SELECT array_agg(w.id) INTO wished FROM fresh f JOIN hold.wish w ON w.name = hold.name_of(f.tenant_id, f.machine, f.id, f.seq, f.type);
  IF wished IS NULL THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock_shared(${held}, w) FROM unnest(wished) w;
  WHILE EXISTS (SELECT 1 FROM hold.wish WHERE id = ANY(wished)) LOOP PERFORM pg_sleep(0.01); END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER stand AFTER INSERT ON release.event REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION hold.stand();
`;

/** Where transactions stand still, in a database that may be killed meanwhile. */
export async function openHolds(adminUrl: string) {
  // Its own commits wait for this server alone, whatever others are made to wait for.
  const pool = new pg.Pool({ connectionString: adminUrl, max: 2, options: '-c synchronous_commit=local' });
  pool.on('error', () => undefined);
  await pool.query(sql);
  const names = new Map<number, string>();
  /** Asks again while the database is away. */
  const ask = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> => {
    for (;;)
      try {
        return (await pool.query<R>(text, values)).rows;
      } catch (error) {
        if (error instanceof pg.DatabaseError && !/^(57P|08)/.test(error.code ?? '')) throw error;
        await pause(20);
      }
  };

  const look = async (): Promise<Held[]> => {
    const rows = await ask<{ pid: number; wishes: number[] }>(
      `SELECT pid, array_agg(objid::int) AS wishes FROM pg_locks
       WHERE locktype = 'advisory' AND classid = ${held} AND granted AND pid IS NOT NULL GROUP BY pid ORDER BY pid`,
    );
    return rows.map(({ pid, wishes }) => ({ pid, names: wishes.map((id) => names.get(id) ?? `wish ${id}`) }));
  };
  return {
    /** From now on these are waited at. */
    async wish(wanted: readonly string[]): Promise<void> {
      const rows = await ask<{ id: number; name: string }>(
        'INSERT INTO hold.wish (name) SELECT unnest($1::text[]) RETURNING id, name',
        [wanted],
      );
      for (const { id, name } of rows) names.set(id, name);
    },
    /** Transactions that stand still now. */
    look,
    /** Lets these go on, and whoever would come to them. */
    async drop(wanted: readonly string[]): Promise<void> {
      if (wanted.length > 0) await ask('DELETE FROM hold.wish WHERE name = ANY($1)', [wanted]);
    },
    /** Resolves when the server lets no commit answer any more: one is tried until it hangs. It hangs until the server goes. */
    async commitsWait(): Promise<void> {
      const probe = new pg.Client({ connectionString: adminUrl, application_name: 'hold probe' });
      probe.on('error', () => undefined);
      await probe.connect();
      const hangs = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'hold probe' AND wait_event = 'SyncRep'`;
      for (;;) {
        let answered = false;
        const note = (): void => {
          answered = true;
        };
        probe.query(`SELECT pg_logical_emit_message(true, 'hold', '')`).then(note, note);
        while (!answered) {
          if ((await ask(hangs)).length > 0) return;
          await pause(5);
        }
      }
    },
    /** Resolves when none of these transactions runs any more. */
    async gone(of: readonly Held[]): Promise<void> {
      while ((await look()).some(({ pid }) => of.some((one) => one.pid === pid))) await pause(5);
    },
    close: () => pool.end(),
  };
}
export type Holds = Awaited<ReturnType<typeof openHolds>>;
