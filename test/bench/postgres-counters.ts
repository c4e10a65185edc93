import pg from 'pg';
import type { Counters } from './system.ts';

export type PostgresCounters = {
  read(): Promise<Counters>;
  query<T>(text: string): Promise<T[]>;
  close(): Promise<void>;
};

/** What PostgreSQL (18) counts of its own work: WAL written and synced by everyone, transactions committed in this database. */
export async function postgresCounters(url: string): Promise<PostgresCounters> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const query = async <T>(text: string): Promise<T[]> => (await client.query(text)).rows as T[];
  return {
    query,
    async read() {
      const [row] = await query<Record<string, string>>(`SELECT
        pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal_bytes,
        (SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal') AS wal_fsyncs,
        (SELECT wal_records FROM pg_stat_wal) AS wal_records,
        (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()) AS commits`);
      return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]));
    },
    close: () => client.end(),
  };
}
