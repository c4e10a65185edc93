import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs, type ReasonCode } from '@orgo/core';
import { codeOf, Fault } from '@orgo/runtime/errors';
import type { Db } from './db.ts';
import type { Alarm, Incoming, ItemResult, Machine } from './machine.ts';
import { attempt, type TransactOptions } from './transact/attempt.ts';

export * from './machine.ts';
export type { EncodeContext, TransactOptions } from './transact/attempt.ts';

/** What is wrong with the database is wrong for every message of a batch; what else fails may be one message's alone. */
const ofAll: ReadonlySet<ReasonCode> = new Set(['DATABASE_UNAVAILABLE', 'STATE_CONFLICT']);

/** How often writers that met try again before the sender is asked to. */
const maxConflicts = 10;

/**
 * The one shell for state changes: takes messages for one machine through inbox, lock, `decide`, `evolve`, save, events,
 * outbox and alarms in one transaction, one statement per table. One result per message, in order.
 *
 * Durable on return: every `accepted`, `refused` and `duplicate`. `later` means nothing was kept of that message and its sender keeps it:
 * with `DATABASE_UNAVAILABLE`, or `STATE_CONFLICT` after bounded retries, for the whole batch, or with another code for one bad message, found by
 * halving the batch, so that it sinks no other: a key that one tenant lacks (`SIGNER_UNAVAILABLE` from `encode`) puts off that tenant alone. A breach is
 * answered `later` too: its work stands still, nothing is lost, and `report` is told. Never throws for what happens inside.
 * Safe to run in any number of processes over the same messages and aggregates.
 */
export async function transact<State, Input, Event, Send, Alm extends Alarm>(
  db: Db,
  machine: Machine<State, Input, Event, Send, Alm>,
  incoming: readonly Incoming<Input>[],
  options: TransactOptions<State, Event, Send>,
): Promise<ItemResult[]> {
  if (incoming.length === 0) return [];
  try {
    return await retried(db, machine, incoming, options);
  } catch (error) {
    if (error instanceof Fault && ofAll.has(error.code)) return later(incoming.length, error.code);
    if (incoming.length > 1) {
      const half = incoming.length >> 1;
      const first = await transact(db, machine, incoming.slice(0, half), options);
      return first.concat(await transact(db, machine, incoming.slice(half), options));
    }
    if (!(error instanceof Fault)) (options.report ?? warn)(error, [incoming[0]?.message_id ?? '']);
    return later(1, codeOf(error));
  }
}

async function retried<State, Input, Event, Send, Alm extends Alarm>(
  db: Db,
  machine: Machine<State, Input, Event, Send, Alm>,
  incoming: readonly Incoming<Input>[],
  options: TransactOptions<State, Event, Send>,
): Promise<ItemResult[]> {
  for (let conflicts = 1; ; conflicts++) {
    try {
      return await attempt(db, machine, incoming, options);
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'STATE_CONFLICT') || conflicts === maxConflicts) throw error;
      await pause(backoffMs(conflicts, { baseMs: 2, maxMs: 200, seed: `${process.pid} ${incoming[0]?.message_id}` }));
    }
  }
}

const later = (count: number, code: ReasonCode): ItemResult[] =>
  Array.from({ length: count }, () => ({ outcome: 'later', code }));

const warn = (error: unknown): void => process.emitWarning(error instanceof Error ? error : String(error));
