import type { Writable } from 'node:stream';
import { Fault } from '@orgo/runtime/errors';
import pg from 'pg';
import { mapDbError } from './db-errors.ts';

/** A statement; with a name it is parsed and planned once per connection. A name stands for one text. */
export type Statement = { text: string; name?: string; values?: readonly unknown[] };
export type Rows<R> = { rows: R[]; rowCount: number };

/**
 * Something that runs statements. They reach the server in the order of the calls and without waiting for each other, so
 * statements that do not need each other's rows cost one round trip: `Promise.all([tx.query(a), tx.query(b)])`.
 * @throws Fault DATABASE_UNAVAILABLE, STATE_CONFLICT (serialization, deadlock, lock timeout); pg.DatabaseError for
 * what the server has against the statement or its data (SQLSTATE in `code`, `constraint` names the rule)
 */
export type Queryable = {
  query<R = Record<string, unknown>>(statement: string | Statement, values?: readonly unknown[]): Promise<Rows<R>>;
};

/** An open transaction. After a failed statement nothing but its end succeeds. */
export type Tx = Queryable & {
  readonly tx: true;
  /** Sends a statement whose rows nobody needs, in its turn; nobody waits for it. What the server has against it is what the transaction then fails with. */
  post(statement: string | Statement, values?: readonly unknown[]): void;
};

/** A connection of one's own, for locks and notifications that live as long as it does. */
export type Session = Queryable & {
  /** Once, when the connection is lost; not after `close`. */
  onLost(listener: (error: unknown) => void): void;
  onNotification(listener: (channel: string, payload: string) => void): void;
  close(): Promise<void>;
};

export type Db = Queryable & {
  readonly schema: string;
  /**
   * Runs `fn` between BEGIN and COMMIT at READ COMMITTED on a connection of its own. A throw rolls back and passes on. Statements that `fn` has sent and
   * does not wait for travel with the commit, which is none when one of them fails.
   * Durable on return. A fault while committing leaves the outcome unknown: whoever sent the work sends it again, and
   * the inbox tells which it was.
   */
  tx<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * A connection outside the pool. `relaxed` makes its commits not wait for the disk: only for writes whose loss is
   * repaired by doing them again.
   */
  session(options?: { relaxed?: boolean }): Promise<Session>;
  /** Waits for running transactions, then disconnects. */
  close(): Promise<void>;
};

export type DbOptions = {
  url: string;
  /** Postgres schema of the service; the only one on the search path. */
  schema: string;
  /** Connections in the pool, default 4: batches, not connections, carry the load. */
  max?: number;
  /** Bounds one statement, default 30 s. */
  statementTimeoutMs?: number;
  /** Bounds the wait for a row another transaction holds, default 10 s. */
  lockTimeoutMs?: number;
};

const boundsOf = (statementTimeoutMs = 30_000) => ({
  keepAlive: true,
  connectionTimeoutMillis: 5_000,
  statement_timeout: statementTimeoutMs,
  // A server that went silent without closing the connection is as good as gone.
  query_timeout: statementTimeoutMs + 5_000,
});

/** What keeps whoever asks from waiting for ever for a server that does not answer, for pools that are not made here. */
export const poolBounds = boundsOf();

const settings = ({ schema, lockTimeoutMs = 10_000 }: DbOptions): string[] => [
  `search_path=${schema}`,
  `lock_timeout=${lockTimeoutMs}`,
  // A process that stops in mid-transaction gives its locks back.
  'idle_in_transaction_session_timeout=60000',
  // A host that vanishes closes no connection: by its own defaults the server would keep locks, such as the relay's lease, for hours. A process that is
  // merely stopped is still answered for by its kernel. Over a unix socket these mean nothing.
  'tcp_keepalives_idle=5',
  'tcp_keepalives_interval=2',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=15000',
  'TimeZone=UTC',
  'DateStyle=ISO',
  // Said aloud because "durable on return" rests on it, whatever the server's default is.
  'synchronous_commit=on',
  // Statements here come with the keys they want. A plan made while a table was empty would scan it whole, and a named
  // statement keeps its plan while the table grows: only plans that go by keys are left to choose from.
  'enable_seqscan=off',
  'enable_bitmapscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
];

/** How a pool or session of a schema connects. */
export const connectionOf = (
  options: DbOptions,
  more: readonly string[] = [],
): pg.ClientConfig & { pipeline: boolean } => ({
  connectionString: options.url,
  application_name: `orgo-${options.schema}`,
  options: [...settings(options), ...more].map((setting) => `-c ${setting}`).join(' '),
  ...boundsOf(options.statementTimeoutMs),
  pipeline: true,
});

/**
 * Statements of one turn of the event loop leave in one write, and the server reads them at once: a write to a socket wakes the other side and costs
 * more than most statements here.
 */
const inOneWrite = (client: pg.ClientBase): void => {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
};

/** Sends a statement; statements sent in one turn of the event loop reach the server in one write. @throws as `Queryable` */
export const run = async <R>(client: pg.ClientBase, statement: string | Statement, values?: readonly unknown[]) => {
  const { text, name, values: own } = typeof statement === 'string' ? { text: statement } : statement;
  const query: pg.QueryConfig = { text };
  if (name !== undefined) query.name = name;
  const bound = values ?? own;
  if (bound !== undefined) query.values = bound as unknown[];
  try {
    inOneWrite(client);
    const result = await client.query<R & pg.QueryResultRow>(query);
    return { rows: result.rows as R[], rowCount: result.rowCount ?? 0, command: result.command };
  } catch (error) {
    throw mapDbError(error);
  }
};

const ignore = (): void => undefined;

/** SQLSTATE of every statement that follows a failed one: it says nothing about what went wrong. */
const aftermath = '25P02';

const transaction = async <T>(client: pg.PoolClient, fn: (tx: Tx) => Promise<T>): Promise<T> => {
  let open = true;
  let failure: unknown;
  let unheard: unknown;
  const query: Tx['query'] = async (statement, values) => {
    // A statement that comes late would run on its own, outside of any transaction.
    if (!open) throw new Fault('STATE_CONFLICT', 'the transaction has ended');
    try {
      return await run(client, statement, values);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === aftermath)) failure ??= error;
      throw failure ?? error;
    }
  };
  const post: Tx['post'] = (statement, values) => {
    if (!open) throw new Fault('STATE_CONFLICT', 'the transaction has ended');
    query(statement, values).catch((error) => {
      unheard ??= error;
    });
  };
  // Not awaited: the first statements travel with it.
  const begun = run(client, 'BEGIN');
  begun.catch(ignore);
  let value: T;
  try {
    value = await fn({ tx: true, query, post });
  } finally {
    open = false;
  }
  await begun;
  // crash: if we die here, nothing or everything is committed; the sender asks again and the inbox knows
  const { command } = await run(client, 'COMMIT');
  // The server answers the commit of a failed transaction by rolling back, without an error.
  if (command !== 'COMMIT')
    throw unheard ?? failure ?? new Fault('STATE_CONFLICT', 'a statement of the transaction had failed');
  return value;
};

/**
 * A pool of connections to one schema. Connects on first use and again after the server was away: a restart of
 * PostgreSQL costs the transactions in flight, nothing else.
 */
export function openDb(options: DbOptions): Db {
  if (!/^[a-z_][a-z0-9_]*$/.test(options.schema)) throw new TypeError(`no schema name: ${options.schema}`);
  const pool = new pg.Pool({ ...connectionOf(options), max: options.max ?? 4, idleTimeoutMillis: 60_000 });
  // A connection that breaks while nobody uses it is replaced on the next use.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));

  const withClient = async <T>(fn: (client: pg.PoolClient) => Promise<T>, undo: boolean): Promise<T> => {
    const client = await pool.connect().catch((cause) => {
      throw new Fault('DATABASE_UNAVAILABLE', { cause });
    });
    let broken = false;
    try {
      return await fn(client);
    } catch (error) {
      if (undo)
        broken = await client.query('ROLLBACK').then(
          () => false,
          () => true,
        );
      throw error;
    } finally {
      client.release(broken);
    }
  };

  return {
    schema: options.schema,
    query: (statement, values) => withClient((client) => run(client, statement, values), false),
    tx: (fn) => withClient((client) => transaction(client, fn), true),
    session: (asked) => openSession(connectionOf(options, asked?.relaxed ? ['synchronous_commit=off'] : [])),
    close: () => pool.end(),
  };
}

async function openSession(config: pg.ClientConfig): Promise<Session> {
  const client = new pg.Client(config);
  let closed = false;
  let lost: unknown;
  const listeners: ((error: unknown) => void)[] = [];
  const lose = (error: unknown): void => {
    if (closed || lost !== undefined) return;
    lost = error ?? new Fault('DATABASE_UNAVAILABLE', 'the connection ended');
    for (const listener of listeners) listener(lost);
  };
  client.on('error', lose);
  client.on('end', () => lose(undefined));
  await client.connect().catch((cause) => {
    closed = true;
    throw new Fault('DATABASE_UNAVAILABLE', { cause });
  });
  return {
    query: (statement, values) => run(client, statement, values),
    onLost: (listener) => (lost === undefined ? void listeners.push(listener) : listener(lost)),
    onNotification: (listener) => client.on('notification', ({ channel, payload }) => listener(channel, payload ?? '')),
    close: () => {
      closed = true;
      return client.end().catch(ignore);
    },
  };
}
