// How the cost of a build grows with the builds that the database holds: fills every service's tables with copies of a real finished build, then
// measures the ring. One JSON object on stdout. A build is about 0.2 MB in all tables, so 100,000 builds need 20 GB of disk and 1,000,000 need 200 GB.
// node test/bench/growth.ts [builds,builds,…] [seconds] [in flight]
import pg from 'pg';
import { commandNow, machineNow } from './machine.ts';
import { rounded } from './result.ts';
import { runSlice } from './slice.ts';
import { orgoSystem } from './system-orgo.ts';

const sizes = (process.argv[2] ?? '1000,10000,100000').split(',').map(Number);
const seconds = Number(process.argv[3] ?? 8);
const inFlight = Number(process.argv[4] ?? 64);
const step = 2_000;

/** Columns that must differ in each copy, as SQL over the row `t` and the copy's number `n`; ids of the build are replaced everywhere. */
const again = (column: string): string =>
  `'sha256:' || encode(sha256(convert_to(t.${column} || ':' || n, 'UTF8')), 'hex')`;
const unlike: Record<string, Record<string, string>> = {
  'orchestrator.build': {
    state: `jsonb_set(jsonb_set(r.state, '{run_key}', to_jsonb(${again('run_key')})), '{subject_key}', to_jsonb(${again('subject_key')}))`,
  },
  'gatekeeper.decision': {
    seq: `nextval(pg_get_serial_sequence('gatekeeper.decision', 'seq'))`,
    digest: again('digest'),
  },
  // Copies of entries are a log of their own: the tenant's own stays whole.
  'audit.log_leaf': {
    tenant_id: `'history'`,
    idx: `n::bigint * 1000000 + t.idx`,
    decision_digest: again('decision_digest'),
  },
};

type Table = { name: string; columns: string[]; where: string };

/** Tables with rows of builds, the column that names the build in each, and the columns that can be written. */
async function tablesOf(db: pg.Client): Promise<Table[]> {
  const { rows } = await db.query<{ name: string; column: string; generated: boolean }>(`
    SELECT c.table_schema || '.' || c.table_name AS name, c.column_name AS column, c.is_generated = 'ALWAYS' AS generated
    FROM information_schema.columns c JOIN information_schema.tables USING (table_schema, table_name)
    WHERE c.table_schema IN ('orchestrator', 'gatekeeper', 'audit') AND table_type = 'BASE TABLE' ORDER BY 1, c.ordinal_position`);
  const names = [...new Set(rows.map(({ name }) => name))];
  return names.flatMap((name): Table[] => {
    const own = rows.filter((row) => row.name === name);
    const has = (column: string) => own.some((row) => row.column === column && !row.generated);
    const columns = own.filter(({ generated }) => !generated).map(({ column }) => column);
    if (/\.(log|outbox|alarm|log_node|log_checkpoint|case)$/.test(name)) return [];
    if (has('build_id')) return [{ name, columns, where: 't.build_id = $1' }];
    if (has('tenant_id') && has('id')) return [{ name, columns, where: 't.id = $1' }];
    if (has('message_id')) return [{ name, columns, where: `strpos(t.message_id, $1) > 0` }];
    return [];
  });
}

/** Copies numbers `from` to `to` of the build, in one transaction for all tables. */
async function copy(db: pg.Client, tables: readonly Table[], build: string, from: number, to: number): Promise<void> {
  await db.query('BEGIN');
  for (const { name, columns, where } of tables) {
    const values = columns.map((column) => unlike[name]?.[column] ?? `r.${column}`);
    await db.query({
      text: `INSERT INTO ${name} (${columns.map((column) => `"${column}"`).join(', ')})
        SELECT ${values.join(', ')} FROM ${name} t, generate_series($2::int, $3::int) n,
        LATERAL jsonb_populate_record(NULL::${name},
          replace(to_jsonb(t)::text, $1, substr($1, 1, length($1) - 12) || lpad(to_hex(n), 12, '0'))::jsonb) r
        WHERE ${where}`,
      values: [build, from, to],
    });
  }
  // crash: if we die here, the copies of this step are not there and the run begins anew
  await db.query('COMMIT');
}

const orgo = await orgoSystem().start();
const db = new pg.Client({ connectionString: orgo.instance.servers().DATABASE_URL });
try {
  await db.connect();
  await runSlice(orgo, { inFlight, seconds: 3, partner: null });
  const one = async <T>(text: string): Promise<T> => (await db.query(text)).rows[0] as T;
  const { id } = await one<{ id: string }>(
    `SELECT id FROM orchestrator.build WHERE tenant_id = '${orgo.tenant}' AND phase = 'COMPLETED' ORDER BY id LIMIT 1`,
  );
  const tables = await tablesOf(db);
  const at = [];
  let copies = 0;
  for (const size of sizes) {
    const { count } = await one<{ count: string }>('SELECT count(*) FROM orchestrator.build');
    const wanted = copies + Math.max(0, size - Number(count));
    for (; copies < wanted; copies += Math.min(step, wanted - copies))
      await copy(db, tables, id, copies + 1, Math.min(wanted, copies + step));
    await db.query('VACUUM ANALYZE');
    await db.query('CHECKPOINT');
    const { bytes } = await one<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
    await runSlice(orgo, { inFlight, seconds: 2, partner: null });
    const slice = await runSlice(orgo, { inFlight, seconds, partner: null });
    at.push({
      builds: size,
      database_gb: rounded(Number(bytes) / 1e9),
      builds_per_s: rounded(slice.builds_per_s),
      p50_ms: rounded(slice.p50_ms),
      cpu_ms_per_build: rounded(slice.cpu_ms_per_build),
      contended: slice.contention.contended,
    });
    process.stderr.write(`${JSON.stringify(at.at(-1))}\n`);
  }
  console.log(JSON.stringify({ machine: machineNow(), command: commandNow(), in_flight: inFlight, at }));
} finally {
  await db.end();
  await orgo.stop();
}
