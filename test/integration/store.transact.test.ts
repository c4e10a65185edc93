import { Fault } from '@orgo/runtime/errors';
import type { Db } from '@orgo/store/db';
import { noFaults } from '@orgo/store/fault-points';
import type { OutRow } from '@orgo/store/machine';
import { type EncodeContext, transact } from '@orgo/store/transact';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { add, counter, encodeCounts } from '../kit/database.counter.ts';
import {
  aggregateSql,
  createStoreSchema,
  startTestServers,
  type TestSchema,
  type TestServers,
} from '../kit/database.ts';

let servers: TestServers;
let schema: TestSchema;
let db: Db;

beforeAll(async () => {
  servers = await startTestServers('postgres');
}, 60_000);
afterAll(() => servers.stop());
beforeEach(async () => {
  schema = await createStoreSchema(
    servers.urls.DATABASE_URL,
    aggregateSql('counter'),
    'ALTER TABLE event ADD CONSTRAINT small CHECK (length(data::text) < 100000)',
  );
  db = schema.open();
});
afterEach(() => db.close());

type Encode = (sends: Parameters<typeof encodeCounts>[0], context: EncodeContext) => ReturnType<typeof encodeCounts>;
const inTransaction = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()`;
const options = { encode: encodeCounts, nudge: () => undefined };
const rows = async (sql: string): Promise<unknown[]> => (await db.query(sql)).rows;
const accepted = { outcome: 'accepted', code: null };
const duplicate = { outcome: 'duplicate', code: null };

describe('transact', () => {
  it('creates, folds in order, appends events and says what was decided', async () => {
    const nudge = vi.fn();
    const results = await transact(db, counter, [add('t', 'a', 'm1'), add('t', 'b', 'm2', 5), add('t', 'a', 'm3', 2)], {
      ...options,
      nudge,
    });
    expect(results).toEqual([accepted, accepted, accepted]);
    expect(nudge).toHaveBeenCalledOnce();
    expect(await rows('SELECT id, version::int, phase, state FROM counter ORDER BY id')).toEqual([
      { id: 'a', version: 2, phase: 'COUNTING', state: { count: 3, refused: 0, alarms: [] } },
      { id: 'b', version: 1, phase: 'COUNTING', state: { count: 5, refused: 0, alarms: [] } },
    ]);
    expect(await rows(`SELECT id, seq::int, type, data->>'by' AS by FROM event ORDER BY id, seq`)).toEqual([
      { id: 'a', seq: 1, type: 'ADDED', by: '1' },
      { id: 'a', seq: 2, type: 'ADDED', by: '2' },
      { id: 'b', seq: 1, type: 'ADDED', by: '5' },
    ]);
    expect(
      await rows("SELECT aggregate, message_id, item::json->>'count' AS count FROM outbox ORDER BY outbox.id"),
    ).toEqual([
      { aggregate: 'a', message_id: 'a:m1', count: '1' },
      { aggregate: 'b', message_id: 'b:m2', count: '5' },
      { aggregate: 'a', message_id: 'a:m3', count: '3' },
    ]);
  });

  it('takes a message once, also within a batch and across batches', async () => {
    expect(await transact(db, counter, [add('t', 'a', 'm1'), add('t', 'a', 'm1')], options)).toEqual([
      accepted,
      duplicate,
    ]);
    expect(await transact(db, counter, [add('t', 'a', 'm1'), add('t', 'a', 'm2')], options)).toEqual([
      duplicate,
      accepted,
    ]);
    expect(await rows('SELECT version::int FROM counter')).toEqual([{ version: 2 }]);
  });

  it('records a refusal with its events and sends', async () => {
    expect(await transact(db, counter, [add('t', 'a', 'm1', -1)], options)).toEqual([
      { outcome: 'refused', code: 'QUOTA_EXCEEDED' },
    ]);
    expect(await transact(db, counter, [add('t', 'a', 'm1', -1)], options)).toEqual([duplicate]);
    expect(await rows('SELECT state FROM counter')).toEqual([{ state: { count: 0, refused: 1, alarms: [] } }]);
    expect(await rows('SELECT message_id FROM outbox')).toEqual([{ message_id: 'a:m1' }]);
  });

  it('keeps nothing of a batch whose encoding fails, and tells why', async () => {
    const encode = () => Promise.reject(new Fault('SIGNER_UNAVAILABLE', 'no key'));
    const later = { outcome: 'later', code: 'SIGNER_UNAVAILABLE' };
    expect(await transact(db, counter, [add('t', 'a', 'm1'), add('t', 'b', 'm2')], { ...options, encode })).toEqual([
      later,
      later,
    ]);
    expect(
      await rows(
        'SELECT (SELECT count(*) FROM inbox)::int AS i, (SELECT count(*) FROM counter)::int AS c, (SELECT count(*) FROM event)::int AS e',
      ),
    ).toEqual([{ i: 0, c: 0, e: 0 }]);
  });

  it('puts off what one tenant has no key for, with its code, and nothing of the others in its batch', async () => {
    const encode: Encode = (sends) =>
      sends.some(({ key }) => key.tenant_id === 'keyless')
        ? Promise.reject(new Fault('SIGNER_UNAVAILABLE', 'no key'))
        : encodeCounts(sends);
    const report = vi.fn();
    const batch = [add('t', 'a', 'm1'), add('keyless', 'a', 'm2'), add('t', 'b', 'm3'), add('u', 'a', 'm4')];
    const later = { outcome: 'later', code: 'SIGNER_UNAVAILABLE' };
    expect(await transact(db, counter, batch, { ...options, encode, report })).toEqual([
      accepted,
      later,
      accepted,
      accepted,
    ]);
    expect(report).not.toHaveBeenCalled();
    expect(await rows('SELECT message_id FROM inbox ORDER BY message_id')).toEqual(
      ['m1', 'm3', 'm4'].map((message_id) => ({ message_id })),
    );
    expect(await transact(db, counter, batch, options)).toEqual([duplicate, accepted, duplicate, duplicate]);
  });

  it('commits when what runs beside the statements has ended, and nothing of it when that fails', async () => {
    const counts = () => rows('SELECT (SELECT count(*) FROM inbox)::int AS i, (SELECT count(*) FROM outbox)::int AS o');
    let end = Promise.withResolvers<void>();
    const encode: Encode = (sends, { beforeCommit }) => {
      beforeCommit(end.promise);
      return encodeCounts(sends);
    };
    let ended = false;
    const slow = transact(db, counter, [add('t', 'a', 'm1')], { ...options, encode }).finally(() => {
      ended = true;
    });
    await vi.waitFor(async () => expect(await rows(inTransaction)).toEqual([{ n: 1 }]), { timeout: 20_000 });
    expect(ended).toBe(false);
    expect(await counts()).toEqual([{ i: 0, o: 0 }]);
    end.resolve();
    expect(await slow).toEqual([accepted]);
    expect(await counts()).toEqual([{ i: 1, o: 1 }]);

    end = Promise.withResolvers();
    end.promise.catch(() => undefined);
    end.reject(new Fault('ARTIFACT_STORE_UNAVAILABLE', 'full'));
    const failed = await transact(db, counter, [add('t', 'a', 'm2')], { ...options, encode });
    expect(failed).toEqual([{ outcome: 'later', code: 'ARTIFACT_STORE_UNAVAILABLE' }]);
    expect(await counts()).toEqual([{ i: 1, o: 1 }]);
  });

  it('fails with what the server has against a statement that nobody waits for', async () => {
    const report = vi.fn();
    const encode: Encode = (sends, { tx }) => {
      tx.post(`INSERT INTO inbox (message_id) VALUES ('m1')`);
      return encodeCounts(sends);
    };
    const results = await transact(db, counter, [add('t', 'a', 'm1')], { ...options, encode, report });
    expect(results).toEqual([{ outcome: 'later', code: 'INTERNAL_ERROR' }]);
    expect(report).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ constraint: 'inbox_pkey' }), ['m1']);
    // Also when it is the last of its transaction, which the server then answers without an error.
    const last = db.tx(async (tx) => {
      tx.post(`INSERT INTO inbox (message_id) VALUES ('m3')`);
      tx.post(`INSERT INTO inbox (message_id) VALUES ('m3')`);
    });
    await expect(last).rejects.toMatchObject({ constraint: 'inbox_pkey' });
    expect(await rows('SELECT * FROM inbox')).toEqual([]);
  });

  it('puts off the one message that breaks a rule of the database, and takes the others', async () => {
    const report = vi.fn();
    const bad = {
      ...counter,
      evolve: counter.evolve,
      decide: (state: never, input: never) => {
        const outcome = counter.decide(state, input);
        const pad = (input as { pad?: string }).pad;
        return pad === undefined ? outcome : { ...outcome, events: [{ type: 'ADDED' as const, by: 1, at: pad }] };
      },
    } as typeof counter;
    const batch = Array.from({ length: 9 }, (_, i) =>
      add('t', `a${i}`, `m${i}`, 1, i === 5 ? { pad: 'x'.repeat(100_001) } : {}),
    );
    const results = await transact(db, bad, batch, { ...options, report });
    expect(results.map((result) => result.outcome)).toEqual(batch.map((_, i) => (i === 5 ? 'later' : 'accepted')));
    expect(results[5]).toEqual({ outcome: 'later', code: 'INTERNAL_ERROR' });
    expect(report).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ constraint: 'small' }), ['m5']);
  });

  it('puts off a message too large to be said', async () => {
    const encode = async (sends: Parameters<typeof encodeCounts>[0]): Promise<OutRow[]> =>
      (await encodeCounts(sends)).map((row) =>
        row.message_id === 'b:m2' ? { ...row, item: 'é'.repeat(300_000) } : row,
      );
    const results = await transact(db, counter, [add('t', 'a', 'm1'), add('t', 'b', 'm2')], {
      ...options,
      encode,
      report: () => undefined,
    });
    expect(results).toEqual([accepted, { outcome: 'later', code: 'MESSAGE_TOO_LARGE' }]);
  });

  it('gives the database clock, which never goes back for an aggregate', async () => {
    for (let i = 0; i < 20; i++) await transact(db, counter, [add('t', 'a', `m${i}`)], options);
    const times = (await rows(`SELECT data->>'at' AS at FROM event ORDER BY seq`)).map(
      (row) => (row as { at: string }).at,
    );
    expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(times).toEqual([...times].sort());
    const [{ skew }] = (await rows(
      `SELECT abs(extract(epoch FROM now() - '${times[19]}'::timestamptz))::float8 AS skew`,
    )) as [{ skew: number }];
    expect(skew).toBeLessThan(5);
  });

  it('reads that clock after it has waited for the aggregate', async () => {
    await transact(db, counter, [add('t', 'a', 'first')], options);
    const locked = Promise.withResolvers<void>();
    const waited = Promise.withResolvers<void>();
    const holder = db.tx(async (tx) => {
      await tx.query('SELECT * FROM counter FOR UPDATE');
      locked.resolve();
      await waited.promise;
      return (await tx.query<{ at: string }>('SELECT clock_timestamp()::text AS at')).rows[0]?.at;
    });
    await locked.promise;
    const waiting = transact(db, counter, [add('t', 'a', 'second')], options);
    const blocked =
      'SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = $2';
    await vi.waitFor(async () => {
      expect((await db.query(blocked, [`orgo-${schema.schema}`, 'Lock'])).rows).toEqual([{ n: 1 }]);
    }, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    waited.resolve();
    const released = await holder;
    await waiting;
    const after = `SELECT (data->>'at')::timestamptz >= date_trunc('milliseconds', '${released}'::timestamptz) AS after FROM event WHERE seq = 2`;
    expect(await rows(after)).toEqual([{ after: true }]);
  });

  it('sets, moves and takes back alarms by the clock of the decision', async () => {
    const set = (due_in_ms: number) => ({ id: 'lease', due_in_ms, kind: 'LEASE', data: { n: due_in_ms } });
    await transact(
      db,
      counter,
      [add('t', 'a', 'm1', 1, { alarm: set(60_000) }), add('t', 'b', 'm2', 1, { alarm: set(1) })],
      options,
    );
    await transact(
      db,
      counter,
      [add('t', 'a', 'm3', 1, { alarm: set(1) }), add('t', 'a', 'm4', 1, { alarm: set(30_000) })],
      options,
    );
    await transact(db, counter, [add('t', 'b', 'm5', 1, { alarm: { cancel: 'lease' } })], options);
    expect(
      await rows(
        `SELECT id, alarm_id, kind, data, extract(epoch FROM due_at - (SELECT (max(data->>'at'))::timestamptz FROM event WHERE id = 'a'))::float8 AS in_s FROM alarm`,
      ),
    ).toEqual([{ id: 'a', alarm_id: 'lease', kind: 'LEASE', data: { n: 30_000 }, in_s: 30 }]);
  });

  it('serves many writers of the same aggregates and messages without losing or doubling any', async () => {
    const other = schema.open({ max: 8 });
    const ids = Array.from({ length: 60 }, (_, i) => `m${i}`);
    const batches = Array.from({ length: 24 }, (_, b) =>
      // Every message is in several batches, in differing order, on five aggregates that none of them finds created.
      ids
        .filter((_, i) => (i + b) % 3 !== 0)
        .map((id, i) => add('t', `a${Number(id.slice(1)) % 5}`, id, 1, { silent: i % 2 === 0 }))
        .sort((x, y) => (x.message_id + b < y.message_id + b ? -1 : 1) * (b % 2 === 0 ? 1 : -1)),
    );
    const results = await Promise.all(
      batches.map((batch, b) => transact(b % 2 === 0 ? db : other, counter, batch, options)),
    );
    await other.close();
    const outcomes = results.flat().map((result) => result.outcome);
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(60);
    expect(outcomes.every((outcome) => outcome === 'accepted' || outcome === 'duplicate')).toBe(true);
    expect(await rows(`SELECT id, (state->>'count')::int AS count, version::int FROM counter ORDER BY id`)).toEqual(
      Array.from({ length: 5 }, (_, i) => ({ id: `a${i}`, count: 12, version: 12 })),
    );
  });

  it('lets writers of one aggregate wait for each other instead of trying again', async () => {
    await transact(db, counter, [add('t', 'a', 'first')], options);
    const wide = schema.open({ max: 8 });
    const encode = vi.fn(encodeCounts);
    await Promise.all(
      Array.from({ length: 24 }, (_, i) => transact(wide, counter, [add('t', 'a', `m${i}`)], { ...options, encode })),
    );
    await wide.close();
    expect(encode).toHaveBeenCalledTimes(24);
    expect(await rows(`SELECT (state->>'count')::int AS count FROM counter`)).toEqual([{ count: 25 }]);
  });

  it('finds out that a repo without locks met another writer, and runs again', async () => {
    let between: (() => Promise<unknown>) | undefined = () =>
      transact(db, counter, [add('t', 'a', 'other', 10)], options);
    const lockless: typeof counter = {
      ...counter,
      repo: {
        ...counter.repo,
        load: async (tx, keys) => {
          const { rows: found } = await tx.query<{ tenant_id: string; id: string; state: never; version: string }>(
            'SELECT * FROM counter',
          );
          const meanwhile = between;
          between = undefined;
          await meanwhile?.();
          return new Map(
            found
              .filter((row) => keys.some((key) => key.id === row.id))
              .map((row) => [`${row.tenant_id}/${row.id}`, { state: row.state, version: Number(row.version) }]),
          );
        },
      },
    };
    expect(await transact(db, lockless, [add('t', 'a', 'm1')], options)).toEqual([accepted]);
    expect(await rows(`SELECT (state->>'count')::int AS count, version::int FROM counter`)).toEqual([
      { count: 11, version: 2 },
    ]);
  });

  it('answers later while PostgreSQL is away, and works when it is back', async () => {
    await transact(db, counter, [add('t', 'a', 'm1')], options);
    await servers.kill('postgres');
    // What served an open connection outlives the server that was killed by a moment; nobody gets a new one.
    await db.close();
    db = schema.open();
    expect(await transact(db, counter, [add('t', 'a', 'm2')], options)).toEqual([
      { outcome: 'later', code: 'DATABASE_UNAVAILABLE' },
    ]);
    await servers.restart('postgres');
    expect(await transact(db, counter, [add('t', 'a', 'm2'), add('t', 'a', 'm1')], options)).toEqual([
      accepted,
      duplicate,
    ]);
  }, 30_000);

  it('does not let a statement escape that comes after the end of its transaction', async () => {
    let late: Promise<unknown> | undefined;
    await expect(
      db.tx(async (tx) => {
        late = new Promise((resolve) => setImmediate(resolve)).then(() =>
          tx.query(`INSERT INTO inbox (message_id) VALUES ('escaped')`),
        );
        late.catch(() => undefined);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await expect(late).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await rows('SELECT * FROM inbox')).toEqual([]);
  });

  it('does not take a rollback for a commit', async () => {
    const swallowed = db.tx(async (tx) => {
      await tx.query(`INSERT INTO inbox (message_id) VALUES ('kept')`);
      await tx.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(swallowed).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await rows('SELECT * FROM inbox')).toEqual([]);
  });

  it('does nothing for no messages', async () => {
    expect(await transact(db, counter, [], { ...options, faults: noFaults })).toEqual([]);
  });
});
