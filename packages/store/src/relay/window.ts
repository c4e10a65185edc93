import { maxMessageBytes } from '@orgo/contracts';
import { backoffMs } from '@orgo/core';
import { envelopeBytes } from '../outbox.ts';
import type { OutboxRow } from '../outbox-row.ts';

/** What became of a row: `gone` is durable at its receiver, `later` was put off, `alone` is to be sent without others. */
export type Answer = 'gone' | 'later' | 'alone';

/** Rows for one message, or for one message each where the transport is `event`. */
export type Batch = Pick<OutboxRow, 'subject' | 'transport' | 'channel' | 'tenant_id'> & { rows: readonly OutboxRow[] };

type Held = OutboxRow & { order: string; bytes: number; attempts: number; retryAt: number; alone: boolean };
type Lane = {
  name: string;
  ready: Held[];
  delayed: Held[];
  busy: boolean;
  failures: number;
  retryAt: number;
  held: number;
};

export type WindowLimits = { rows: number; rowsPerSubject: number; backoff: { baseMs: number; maxMs: number } };

/** An envelope carries no more items (contracts: `envelopeOf`). */
const maxItems = 1024;

/**
 * The rows a relay holds between reading and deleting them, and which of them may go next. Pure: times are passed in.
 *
 * Of one aggregate, one row is under way at a time, in the order of reading, and in that of their ids once one of them is put off: it may have come before
 * a row of another process that it rests on; of one lane (subject, transport, channel, tenant) one message is. A lane whose receiver fails waits with growing pauses, as does a row that is put off; other
 * lanes and aggregates go on. Public events are ordered among themselves and hold up nothing else.
 */
export function createWindow(limits: WindowLimits) {
  const lanes = new Map<string, Lane>();
  const aggregates = new Map<string, Held[]>();
  const ids = new Set<string>();
  const subjects = new Map<string, number>();
  const gone: string[] = [];

  const laneOf = (row: OutboxRow): Lane => {
    const name = `${row.transport} ${row.subject} ${row.channel} ${row.tenant_id}`;
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = { name, ready: [], delayed: [], busy: false, failures: 0, retryAt: 0, held: 0 };
      lanes.set(name, lane);
    }
    return lane;
  };
  const countSubject = (subject: string, by: number): void => {
    const count = (subjects.get(subject) ?? 0) + by;
    if (count === 0) subjects.delete(subject);
    else subjects.set(subject, count);
  };
  const isReady = (lane: Lane, now: number): boolean => {
    if (lane.busy || lane.retryAt > now) return false;
    if (lane.delayed.some((row) => row.retryAt <= now)) {
      lane.ready.push(...lane.delayed.filter((row) => row.retryAt <= now));
      lane.delayed = lane.delayed.filter((row) => row.retryAt > now);
    }
    return lane.ready.length > 0;
  };
  /** As many ready rows as fit into one message; a row that is to go alone goes alone. */
  const pack = (lane: Lane): Held[] => {
    let bytes = envelopeBytes;
    let count = 0;
    for (const row of lane.ready) {
      if (count === maxItems || (count > 0 && (row.alone || bytes + row.bytes > maxMessageBytes))) break;
      bytes += row.bytes + 1;
      count++;
      if (row.alone) break;
    }
    return lane.ready.splice(0, count);
  };
  const release = (row: Held, lane: Lane): void => {
    gone.push(row.id);
    countSubject(row.subject, -1);
    lane.held--;
    const queue = aggregates.get(row.order) ?? [];
    queue.shift();
    const [next] = queue;
    if (next === undefined) aggregates.delete(row.order);
    else laneOf(next).ready.push(next);
  };

  /** A row that was read later and has a lower id goes first: rows of an aggregate are written in the order of their ids. */
  const putOff = (row: Held, lane: Lane, now: number): void => {
    row.attempts++;
    row.retryAt = now + backoffMs(row.attempts, { ...limits.backoff, seed: row.message_id });
    const queue = (aggregates.get(row.order) ?? []).sort((one, other) => Number(one.id) - Number(other.id));
    const [first] = queue;
    if (first === undefined || first === row) lane.delayed.push(row);
    else laneOf(first).ready.push(first);
  };

  return {
    /** Takes rows in the order in which they were read. */
    hold(rows: readonly OutboxRow[]): void {
      for (const row of rows) {
        if (ids.has(row.id)) continue;
        const order = `${row.transport === 'event' ? 'event' : 'ring'} ${row.tenant_id}/${row.aggregate}`;
        const held: Held = { ...row, order, bytes: Buffer.byteLength(row.item), attempts: 0, retryAt: 0, alone: false };
        const lane = laneOf(row);
        lane.held++;
        countSubject(row.subject, 1);
        ids.add(row.id);
        const queue = aggregates.get(order);
        if (queue !== undefined) queue.push(held);
        else {
          aggregates.set(order, [held]);
          lane.ready.push(held);
        }
      }
    },

    /** The next message to send, lanes in turn; nothing when all that is held waits for something. */
    take(now: number): Batch | undefined {
      for (const lane of lanes.values()) {
        if (!isReady(lane, now)) continue;
        const rows = pack(lane);
        lane.busy = true;
        lanes.delete(lane.name);
        lanes.set(lane.name, lane);
        const [{ subject, transport, channel, tenant_id }] = rows as [Held];
        return { subject, transport, channel, tenant_id, rows };
      }
      return undefined;
    },

    /** The receiver has answered, one answer per row. */
    settle(batch: Batch, answers: readonly Answer[], now: number): void {
      const rows = batch.rows as readonly Held[];
      const [first] = rows as [Held];
      const lane = laneOf(first);
      lane.busy = false;
      lane.failures = 0;
      const alone: Held[] = [];
      rows.forEach((row, index) => {
        if (answers[index] === 'gone') release(row, lane);
        else if (answers[index] === 'alone') alone.push(row);
        else putOff(row, lane, now);
      });
      for (const row of alone) row.alone = true;
      lane.ready.unshift(...alone);
      if (lane.held === 0) lanes.delete(lane.name);
    },

    /** The message did not get through, or nobody knows. Everything in it goes again, and the lane pauses. */
    fail(batch: Batch, now: number): { failures: number; pauseMs: number } {
      const rows = batch.rows as readonly Held[];
      const [first] = rows as [Held];
      const lane = laneOf(first);
      lane.busy = false;
      lane.failures++;
      lane.ready.unshift(...rows);
      const pauseMs = backoffMs(lane.failures, { ...limits.backoff, seed: lane.name });
      lane.retryAt = now + pauseMs;
      return { failures: lane.failures, pauseMs };
    },

    /** Ends all pauses: the road is open again. */
    retryNow(): void {
      for (const lane of lanes.values()) {
        lane.retryAt = 0;
        for (const row of lane.delayed) row.retryAt = 0;
      }
    },

    /** When something that pauses may go, on the clock of `now`. */
    nextDue(): number | undefined {
      let due: number | undefined;
      for (const lane of lanes.values()) {
        if (lane.busy) continue;
        const times = lane.delayed.map((row) => Math.max(row.retryAt, lane.retryAt));
        if (lane.ready.length > 0) times.push(lane.retryAt);
        for (const time of times) if (due === undefined || time < due) due = time;
      }
      return due;
    },

    /** How many rows may be deleted and are still there. */
    unmarked: (): number => gone.length,
    /** Rows that may be deleted; each is handed out once. Call `forget` when the deletion is under way. */
    takeGone: (): string[] => gone.splice(0),
    forget(deleted: readonly string[]): void {
      for (const id of deleted) ids.delete(id);
    },

    /** Ids not to read again. */
    heldIds: (): string[] => [...ids],
    /** How many more rows may be held. */
    room: (): number => Math.max(0, limits.rows - ids.size),
    /** Subjects of which no more rows are to be read for now, so that a receiver that is away does not fill the window. */
    fullSubjects: (): string[] =>
      [...subjects].filter(([, count]) => count >= limits.rowsPerSubject).map(([subject]) => subject),
  };
}

export type RelayWindow = ReturnType<typeof createWindow>;
