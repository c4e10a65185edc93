import type { Bus } from '@orgo/runtime/bus';
import { Breach, codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { Db, Session } from './db.ts';
import { type FaultPoints, noFaults } from './fault-points.ts';
import type { Fill } from './fill.ts';
import type { OutboxRow } from './outbox-row.ts';
import { deliver, type LocalHandler, type OnRefused, type Road } from './relay/deliver.ts';
import { holdLease } from './relay/lease.ts';
import { deleteOutbox, readOutbox } from './relay/rows.ts';
import { type Batch, createWindow, type RelayWindow } from './relay/window.ts';
import { createSignal } from './signal.ts';

export type { LocalHandler, LocalRow, OnRefused } from './relay/deliver.ts';

export type RelayOptions = {
  db: Db;
  bus: Bus;
  log: Log;
  /** Receivers within this process, by subject. */
  local?: Readonly<Record<string, LocalHandler>>;
  /** Told of messages that their receivers refused. */
  refused?: OnRefused;
  /** Completes rows that hold a part of their item; without it every row holds all of it. */
  fill?: Fill;
  faults?: FaultPoints;
  /** Longest wait for the answer to a request, default 10 s. */
  requestTimeoutMs?: number;
  /** How often the table is looked at without being told, and a follower tries to lead; default 1 s. */
  pollMs?: number;
  /** Messages under way at once, default 32. */
  maxInFlight?: number;
  /** How long rows that were received may wait for being deleted together, default 100 ms. */
  markMs?: number;
  /** Pause before a receiver that failed is tried again, default 25 ms; it doubles with each failure up to `maxPauseMs`. */
  firstPauseMs?: number;
  /** Default 2 s. */
  maxPauseMs?: number;
};

export type Relay = {
  /**
   * Rows were committed. Any process of the service may call it: the one that leads takes the rows as they are when it has read all before them,
   * else it is told to look. Without rows it looks.
   */
  nudge(rows?: readonly OutboxRow[]): void;
  /** Whether this process is the one that publishes. */
  leading(): boolean;
  /** Waits for what is under way, at most `deadlineMs` (default 10 s), and gives the lease back. What is left stays in the outbox. */
  stop(deadlineMs?: number): Promise<void>;
};

const readLimit = 512;
/** Rows that were received and are deleted at once, however little time has passed. */
const maxUnmarked = 512;

/**
 * The only publisher of a service: one process leads, the others stand by. Takes outbox rows in order per aggregate, many
 * to a message, and deletes them when their receivers have them durably. At least once: a row may be sent again after a
 * crash or a change of leader, under the same message id.
 */
export function startRelay(options: RelayOptions): Relay {
  const { db, bus, log, local = {}, fill, faults = noFaults, requestTimeoutMs = 10_000 } = options;
  const { pollMs = 1_000, maxInFlight = 32, markMs = 100, firstPauseMs = 25, maxPauseMs = 2_000 } = options;
  const road: Road = { bus, local, requestTimeoutMs, log, refused: options.refused };
  const limits = { rows: 8_192, rowsPerSubject: 2_048, backoff: { baseMs: firstPauseMs, maxMs: maxPauseMs } };
  const signal = createSignal();
  let window: RelayWindow = createWindow(limits);
  let inFlight = 0;
  let unseen = true;
  /** The window holds every row that is known to wait: what is handed over now comes behind all of them. */
  let caughtUp = false;
  /** Rows handed over while the table is read: they come behind what is read, or are among it. */
  let meanwhile: OutboxRow[] | undefined;
  /** Rows that cannot be completed: they stay in the table, and are told of once by each leader. */
  let broken: string[] = [];
  let drainMs = 10_000;

  const look = (): void => {
    unseen = true;
    signal.set();
  };

  const send = async (batch: Batch, from: RelayWindow): Promise<void> => {
    try {
      await faults.at('relay.beforePublish');
      // crash: if we die here, the rows are in the outbox; they may or may not have been received and are sent again
      const answers = await deliver(road, batch);
      await faults.at('relay.afterPublish');
      // crash: if we die here, received rows are still in the outbox and are sent again, as duplicates
      from.settle(batch, answers, performance.now());
    } catch (error) {
      const { failures, pauseMs } = from.fail(batch, performance.now());
      const line = {
        code: codeOf(error),
        err: error,
        subject: batch.subject,
        rows: batch.rows.length,
        failures,
        pauseMs,
      };
      log[failures === 1 ? 'info' : 'warn'](line, 'not delivered');
    }
  };

  const launch = (from: RelayWindow, ended: AbortSignal): void => {
    while (inFlight < maxInFlight && !ended.aborted) {
      const batch = from.take(performance.now());
      if (batch === undefined) return;
      inFlight++;
      void send(batch, from).then(() => {
        inFlight--;
        launch(from, ended);
        signal.set();
      });
    }
  };

  const whole = async (by: Fill, session: Session, rows: readonly OutboxRow[]): Promise<OutboxRow[]> => {
    const filled = await by(session, rows);
    return filled.flatMap((row, at) => {
      if (!(row instanceof Breach)) return [row];
      const { id, message_id, aggregate, subject } = rows[at] as OutboxRow;
      broken.push(id);
      log.error({ code: row.code, err: row, subject, message_id, aggregate }, 'work stands still');
      return [];
    });
  };

  /** Reads what is new and deletes what was received, in one round trip. Answers how many rows came. */
  const sync = async (session: Session, from: RelayWindow, limit: number): Promise<number> => {
    const gone = from.takeGone();
    if (limit > 0) meanwhile = [];
    const deleting = async (): Promise<void> => {
      if (gone.length === 0) return;
      await faults.at('relay.beforeMark');
      // crash: if we die here, or PostgreSQL loses this commit (it does not wait for the disk), rows are sent again
      await deleteOutbox(session, gone);
      await faults.at('relay.afterMark');
    };
    // What is being deleted still counts as held, so it is not read again whichever statement comes first.
    const full = from.fullSubjects();
    if (limit > 0) caughtUp = false;
    const reading = limit > 0 ? readOutbox(session, [...from.heldIds(), ...broken], limit, full) : [];
    const [rows] = await Promise.all([reading, deleting()]);
    from.forget(gone);
    from.hold(fill === undefined || rows.length === 0 ? rows : await whole(fill, session, rows));
    if (limit > 0) {
      caughtUp = rows.length < limit && full.length === 0;
      const later = meanwhile ?? [];
      meanwhile = undefined;
      if (later.length > 0 && !(caughtUp && take(later))) unseen = true;
    }
    return rows.length;
  };

  const lead = async (session: Session, ended: AbortSignal): Promise<void> => {
    window = createWindow(limits);
    caughtUp = false;
    meanwhile = undefined;
    broken = [];
    unseen = true;
    const mine = window;
    let lookedAt = Number.NEGATIVE_INFINITY;
    let markAt = Number.POSITIVE_INFINITY;
    let skipped: string[] = [];
    ended.addEventListener('abort', signal.set);
    while (!ended.aborted) {
      const full = mine.fullSubjects();
      const due = unseen || skipped.some((subject) => !full.includes(subject));
      const limit = due || performance.now() - lookedAt >= pollMs ? Math.min(readLimit, mine.room()) : 0;
      if (limit > 0) {
        unseen = false;
        skipped = full;
        lookedAt = performance.now();
      }
      launch(mine, ended);
      if (limit > 0 || mine.unmarked() >= maxUnmarked || performance.now() >= markAt) {
        const count = await sync(session, mine, limit);
        markAt = Number.POSITIVE_INFINITY;
        if (limit > 0 && count === limit) unseen = true;
        launch(mine, ended);
      }
      if (unseen && mine.room() > 0) continue;
      if (mine.unmarked() > 0) markAt = Math.min(markAt, performance.now() + markMs);
      const next = inFlight < maxInFlight ? mine.nextDue() : undefined;
      await signal.wait(Math.min(pollMs, Math.min(next ?? Number.POSITIVE_INFINITY, markAt) - performance.now()));
    }
    const deadline = performance.now() + drainMs;
    while (inFlight > 0 && performance.now() < deadline) await signal.wait(deadline - performance.now());
    await sync(session, mine, 0).catch((error) => log.warn({ code: codeOf(error) }, 'deliveries left unmarked'));
  };

  /**
   * Rows of this process's own commit. Of one aggregate the rows of two processes can still cross here: a receiver takes them in any order, or puts off what
   * came too early, and then the order is that in which they were written.
   */
  const take = (rows: readonly OutboxRow[]): boolean => {
    if (!lease.held()) return false;
    if (meanwhile !== undefined) {
      meanwhile.push(...rows);
      return true;
    }
    if (!caughtUp || unseen || rows.length > window.room()) return false;
    window.hold(rows);
    signal.set();
    return true;
  };

  const lease = holdLease({ db, name: 'orgo.relay', retryMs: pollMs, log, lead, onWake: look });
  const unlisten = bus.onReconnect(() => {
    window.retryNow();
    look();
  });

  return {
    nudge(rows = []) {
      if (rows.length === 0 || !take(rows)) lease.wake();
    },
    leading: lease.held,
    async stop(deadlineMs = 10_000) {
      drainMs = deadlineMs;
      unlisten();
      await lease.stop();
    },
  };
}
