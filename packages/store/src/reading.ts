import { AsyncLocalStorage } from 'node:async_hooks';
import { Fault } from '@orgo/runtime/errors';
import pg from 'pg';
import { connectionOf, type Queryable, run } from './db.ts';

/**
 * What is read for somebody outside, under the role that row policies bind (`orgo_<schema>_read`): a statement sees the rows of the tenant that it
 * was asked for and no others, whatever it says itself. It writes nothing. Statements are transactions of their own, of one round trip each.
 */
export type Reading = {
  /** Runs SQL for one tenant. @throws as `Queryable` */
  of(tenant: string): Queryable;
  /**
   * Runs what `ask` asks of a Prisma client over `pool` for one tenant. It awaits within: what is asked later is asked for nobody, and refused.
   * @throws Fault DATABASE_UNAVAILABLE, whatever Prisma made of it
   */
  as<T>(tenant: string, ask: () => Promise<T>): Promise<T>;
  /** For a Prisma client, whose finds are those of `Finding`. Ended by `close`. */
  readonly pool: pg.Pool;
  /** Waits for running statements, then disconnects. */
  close(): Promise<void>;
};

/**
 * The finds of a Prisma client that may be asked for a tenant. Not `findUnique`: Prisma makes one query of all that are asked in one turn of the event
 * loop, and so of two tenants.
 */
export type Finding<Client, Model extends keyof Client> = {
  [M in Model]: Pick<Client[M], Extract<keyof Client[M], 'findFirst' | 'findMany' | 'count'>>;
};

/** Gone with its transaction: the next one on the connection begins with no tenant. */
const tenantText = `SELECT set_config('orgo.tenant', $1, true)`;

/**
 * Asks within a transaction that names the tenant. Everything is sent before anything is awaited; behind what failed the rest fails too, so nothing is
 * read without the tenant.
 */
async function inTenant<T>(pool: pg.Pool, tenant: string, ask: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((cause) => {
    throw new Fault('DATABASE_UNAVAILABLE', { cause });
  });
  const [begun, named, answer, ended] = await Promise.allSettled([
    run(client, 'BEGIN READ ONLY'),
    run(client, { name: 'orgo_tenant', text: tenantText }, [tenant]),
    ask(client),
    run(client, 'COMMIT'),
  ]);
  client.release(ended.status === 'rejected');
  for (const one of [begun, named, answer, ended]) if (one.status === 'rejected') throw one.reason;
  return (answer as PromiseFulfilledResult<Awaited<T>>).value;
}

/** Opens the pool of a schema's reads. Connects on first use and again after the server was away. */
export function openReading(options: { url: string; schema: string; max?: number }): Reading {
  const { options: settings, ...connection } = connectionOf(options);
  const role = `orgo_${options.schema}_read`;
  const config = { ...connection, application_name: role, options: `${settings} -c role=${role}` };
  const pool = new pg.Pool({ ...config, max: options.max ?? 4, idleTimeoutMillis: 60_000 });
  // A connection that breaks while nobody uses it is replaced on the next use.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const reader = new AsyncLocalStorage<string>();

  // What Prisma's adapter asks a pool for outside of a transaction.
  const query = async (statement: pg.QueryConfig): Promise<pg.QueryResult> => {
    const tenant = reader.getStore();
    if (tenant === undefined) throw new TypeError('a read names its tenant');
    return inTenant(pool, tenant, (client) => client.query(statement));
  };
  Object.assign(pool, { query });

  return {
    of: (tenant) => ({
      query: (statement, values) => inTenant(pool, tenant, (client) => run(client, statement, values)),
    }),
    as: (tenant, ask) =>
      reader.run(tenant, async () => {
        try {
          return await ask();
        } catch (cause) {
          throw new Fault('DATABASE_UNAVAILABLE', { cause });
        }
      }),
    pool,
    close: () => pool.end(),
  };
}
