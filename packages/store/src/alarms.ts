import { digestHex, digestOf } from '@orgo/core';
import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { settledWithin } from '@orgo/runtime/settled';
import { type AlarmRow, claimDueAlarms, deleteFiredAlarms, nextDueMs, releaseAlarms } from './alarm-rows.ts';
import { startWaker, type Waker } from './alarms.bullmq.ts';
import type { Db } from './db.ts';
import { type FaultPoints, noFaults } from './fault-points.ts';
import type { ItemResult } from './machine.ts';
import { createSignal } from './signal.ts';

/** A due alarm. `message_id` is the inbox key of this one setting of it, the same however often it is fired. */
export type DueAlarm = AlarmRow & { message_id: string };

export type AlarmsOptions = {
  db: Db;
  log: Log;
  /**
   * Takes due alarms to their machines: `transact` with `message_id` as the inbox key. Answers one result per row. Rows
   * answered `later`, and all rows when it throws, are fired again, after a pause that grows with their lateness.
   */
  onAlarm(rows: readonly DueAlarm[]): Promise<readonly Pick<ItemResult, 'outcome'>[]>;
  redisUrl?: string | null;
  /** Parts instances that share a Redis. */
  instance?: string;
  faults?: FaultPoints;
  /** Longest sleep between looks at the table, default 1 s: the most an alarm is late when nothing else tells. */
  sweepMs?: number;
  /** After this long a claimed alarm whose process is gone is fired by another, default 30 s. */
  claimMs?: number;
};

export type Alarms = {
  /** Told by `transact` after its commit. Never waits and never fails. */
  armed(dueInMs: readonly number[]): void;
  /** Look now. */
  nudge(): void;
  /** Finishes the firing that runs, at most within `deadlineMs` (default 10 s): what is left is fired again. */
  stop(deadlineMs?: number): Promise<void>;
};

const limit = 256;

const messageIdOf = ({ tenant_id, machine, id, alarm_id, due_at }: AlarmRow): string =>
  `alarm:${digestHex(digestOf([tenant_id, machine, id, alarm_id, due_at]))}`;

/**
 * Fires alarms. The rows are the truth: a sweep finds what is due by the database clock, also when Redis was never there.
 * At least once, from any number of processes at a time; a claim keeps them from doing the same work, the inbox from doing it twice.
 * @throws Breach SERVER_CONFIG_MISMATCH when Redis may evict keys
 */
export async function startAlarms(options: AlarmsOptions): Promise<Alarms> {
  const { db, log, onAlarm, redisUrl, instance = 'orgo', faults = noFaults } = options;
  const { sweepMs = 1_000, claimMs = 30_000 } = options;
  const signal = createSignal();
  let stopped = false;
  let bell: { at: number; timer: NodeJS.Timeout } | undefined;

  const fire = async (rows: readonly AlarmRow[]): Promise<void> => {
    await faults.at('alarm.claimed');
    // crash: if we die here, the claim runs out and another process fires them
    const due = rows.map((row) => ({ ...row, message_id: messageIdOf(row) }));
    let put: readonly AlarmRow[] = rows;
    try {
      const results = await onAlarm(due);
      put = rows.filter((_, index) => (results[index]?.outcome ?? 'later') === 'later');
    } catch (error) {
      log.warn({ code: codeOf(error), err: error, alarms: rows.length }, 'alarms not fired');
    }
    await faults.at('alarm.fired');
    // crash: if we die here, they are fired again under the same message ids, which the inbox takes for duplicates
    const done = rows.filter((row) => !put.includes(row));
    if (done.length > 0) await deleteFiredAlarms(db, done);
    await faults.at('alarm.deleted');
    if (put.length > 0) await releaseAlarms(db, put, claimMs);
  };

  const sweep = async (): Promise<void> => {
    while (!stopped) {
      try {
        const rows = await claimDueAlarms(db, limit, claimMs);
        if (rows.length > 0) {
          await fire(rows);
          continue;
        }
        const next = await nextDueMs(db, claimMs);
        if (!stopped) await signal.wait(Math.min(sweepMs, Math.max(next ?? sweepMs, 1)));
      } catch (error) {
        log.warn({ code: codeOf(error), err: error }, 'alarms cannot be read');
        if (!stopped) await signal.wait(sweepMs);
      }
    }
  };

  const ringIn = (ms: number): void => {
    const at = performance.now() + ms;
    if (bell !== undefined && bell.at <= at) return;
    clearTimeout(bell?.timer);
    const timer = setTimeout(() => {
      bell = undefined;
      signal.set();
    }, ms);
    bell = { at, timer };
  };

  const waker: Waker | undefined = redisUrl
    ? await startWaker({ redisUrl, queue: `orgo-alarms-${instance}-${db.schema}`, onWake: signal.set, log })
    : undefined;
  const sweeping = sweep();

  return {
    armed(dueInMs) {
      const soonest = Math.min(...dueInMs);
      // What is due later than the next look is found by it.
      if (soonest < sweepMs) ringIn(Math.max(0, soonest) + 1);
      if (waker !== undefined) for (const ms of dueInMs) waker.at(ms);
    },
    nudge: signal.set,
    async stop(deadlineMs = 10_000) {
      stopped = true;
      clearTimeout(bell?.timer);
      signal.set();
      await settledWithin([sweeping], deadlineMs);
      await waker?.close();
    },
  };
}
