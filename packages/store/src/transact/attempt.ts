import { changeAlarms } from '../alarm-rows.ts';
import type { Db, Tx } from '../db.ts';
import { type FaultPoints, noFaults } from '../fault-points.ts';
import { insertInbox } from '../inbox.ts';
import type { Alarm, Incoming, ItemResult, Machine, OutRow, SaveRow, SendOf } from '../machine.ts';
import { insertOutbox } from '../outbox.ts';
import type { OutboxRow } from '../outbox-row.ts';
import { decideBatch, keysOf, type Turn } from './turn.ts';

export type EncodeContext = { now: string; tx: Tx; beforeCommit(work: Promise<unknown>): void };

export type TransactOptions<State, Event, Send> = {
  /**
   * Turns what the machine sends into outbox rows, inside the transaction and before its commit: sign here. Rows leave in
   * the order given. A Fault (`SIGNER_UNAVAILABLE`) puts off the messages it comes for, found by halving. May be called again for the same sends when
   * the batch is retried or halved, so it keeps nothing and publishes nothing. What it gives to `beforeCommit` runs beside the statements; the commit waits
   * for it and fails with it.
   */
  encode(sends: readonly SendOf<Send>[], context: EncodeContext): Promise<OutRow[]>;
  /** Writes read models in the same transaction. Given only what was saved. */
  project?(tx: Tx, rows: readonly SaveRow<State, Event>[]): Promise<void>;
  /** Told what was saved, once it is committed. */
  committed?(rows: readonly SaveRow<State, Event>[]): void;
  /** Hands the relay the rows that have just been committed; it need not read them back. */
  nudge(rows: readonly OutboxRow[]): void;
  /** Told how soon new alarms are due; without it they are noticed within a second. */
  alarms?: { armed(dueInMs: readonly number[]): void };
  faults?: FaultPoints;
  /** Told of what is neither a refusal nor a passing fault: breaches, constraint errors, mistakes in a machine. */
  report?(error: unknown, messageIds: readonly string[]): void;
};

const clockText = `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now`;

const readClock = async (tx: Tx): Promise<string> =>
  (await tx.query<{ now: string }>({ name: 'clock', text: clockText })).rows[0]?.now ?? '';

/** One transaction over a batch. Throws with nothing written; on return everything is durable and the relay knows. */
export async function attempt<State, Input, Event, Send, Alm extends Alarm>(
  db: Db,
  machine: Machine<State, Input, Event, Send, Alm>,
  incoming: readonly Incoming<Input>[],
  options: TransactOptions<State, Event, Send>,
): Promise<ItemResult[]> {
  const { faults = noFaults, nudge } = options;
  const tell = async <T>(part: () => Promise<T>): Promise<T> => {
    try {
      return await part();
    } catch (error) {
      // The commit may have been kept although its answer was lost: the relay looks, so that later rows do not overtake these.
      nudge([]);
      throw error;
    }
  };
  const commit = async (tx: Tx) => {
    // One round trip. The clock is read behind the locks, so it never goes back for an aggregate.
    const [fresh, loaded, now] = await Promise.all([
      insertInbox(
        tx,
        incoming.map((item) => item.message_id),
      ),
      machine.repo.load(tx, keysOf(machine.keyOf, incoming)),
      readClock(tx),
    ]);
    await faults.at('inbox.inserted');
    const decided = decideBatch(machine, await reread(tx, machine, incoming), { fresh, loaded, now });
    const { said } = await write(tx, machine, decided, now, options);
    await faults.at('tx.beforeCommit');
    return { ...decided, said };
  };
  const turn = await tell(async () => {
    const done = await db.tx(commit);
    // crash: if we die here, the rows are durable, the relay finds them at its next look and a redelivery is a duplicate
    await faults.at('tx.afterCommit');
    return done;
  });
  options.committed?.(turn.saves);
  const said = await turn.said;
  if (said.length > 0) nudge(said);
  const dues = turn.alarms.flatMap((change) => (change.set === null ? [] : [change.set.due_in_ms]));
  if (dues.length > 0) options.alarms?.armed(dues);
  // crash: if we die here, the sender has no answer and sends again; its message is in the inbox
  await faults.at('ack.before');
  return turn.results;
}

/** The messages with what their machine wants read in the transaction itself. */
async function reread<Input>(
  tx: Tx,
  machine: { reread?(tx: Tx, inputs: readonly Input[]): Promise<readonly Input[]> },
  incoming: readonly Incoming<Input>[],
): Promise<readonly Incoming<Input>[]> {
  if (machine.reread === undefined) return incoming;
  const inputs = await machine.reread(
    tx,
    incoming.map(({ input }) => input),
  );
  return incoming.map((item, at) => ({ ...item, input: inputs[at] as Input }));
}

/**
 * Sends what is to be written, and waits for none of it: statements and commit leave together, and where one fails the server commits nothing. Waits for
 * what `encode` and its company do elsewhere, for all of it, so that nothing runs on after a failure, and throws the first in the order below.
 */
async function write<State, Input, Event, Send, Alm extends Alarm>(
  tx: Tx,
  machine: Machine<State, Input, Event, Send, Alm>,
  turn: Turn<State, Event, Send>,
  now: string,
  options: TransactOptions<State, Event, Send>,
): Promise<{ said: Promise<OutboxRow[]> }> {
  const { saves, sends, alarms } = turn;
  let said: Promise<OutboxRow[]> = Promise.resolve([]);
  const beside: Promise<unknown>[] = [];
  const beforeCommit = (work: Promise<unknown>): void => {
    work.catch(() => undefined);
    beside.push(work);
  };
  const say = async (): Promise<void> => {
    said = insertOutbox(tx, await options.encode(sends, { now, tx, beforeCommit }));
    // Its failure is the transaction's.
    said.catch(() => undefined);
  };
  const done = await Promise.allSettled([
    saves.length > 0 && machine.repo.save(tx, saves),
    saves.length > 0 && options.project?.(tx, saves),
    alarms.length > 0 && changeAlarms(tx, machine.name, alarms, now),
    sends.length > 0 && say(),
  ]);
  for (const part of [...done, ...(await Promise.allSettled(beside))])
    if (part.status === 'rejected') throw part.reason;
  return { said };
}
