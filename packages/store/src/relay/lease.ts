import { backoffMs } from '@orgo/core';
import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { Db, Session } from '../db.ts';
import { createSignal } from '../signal.ts';

export type Lease = {
  /** Whether this process leads now. */
  held(): boolean;
  /** Tells the leader, whoever it is, to look: rings `onWake` there. Calls that come together are one. */
  wake(): void;
  /** Gives the lease back after `lead` has returned. */
  stop(): Promise<void>;
};

export type LeaseOptions = {
  db: Db;
  /** One leader per name and schema. */
  name: string;
  /** How often a follower tries to become the leader. */
  retryMs: number;
  log: Log;
  /**
   * Leads until `ended` aborts: the connection that holds the lock is lost, or this process stops. Use that connection for everything
   * that only a leader may do: a statement on it proves that the lock was still held.
   */
  lead(session: Session, ended: AbortSignal): Promise<void>;
  onWake(): void;
};

/**
 * One leader per schema, by a session-level advisory lock: it lasts exactly as long as its connection, so a leader that
 * dies or loses PostgreSQL is followed by another one. No transaction stays open. Followers ring the leader by NOTIFY.
 */
export function holdLease({ db, name, retryMs, log, lead, onWake }: LeaseOptions): Lease {
  const channel = `${name}.${db.schema}`;
  const stopping = new AbortController();
  const signal = createSignal();
  let following: Session | undefined;
  let leading = false;
  let notifying = false;
  let again = false;

  /** Telling costs the followers' own connection one small commit, and none while one is under way. */
  const notify = async (): Promise<void> => {
    if (notifying) {
      again = true;
      return;
    }
    notifying = true;
    do {
      again = false;
      // A follower without a connection need not tell: a leader looks at the table once a second anyway.
      await following
        ?.query({ name: 'lease_wake', text: 'SELECT pg_notify($1, $2)' }, [channel, ''])
        .catch(() => undefined);
    } while (again);
    notifying = false;
  };

  const tryLock = async (session: Session): Promise<boolean> => {
    const text = 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS got';
    return (await session.query<{ got: boolean }>({ name: 'lease_try', text }, [channel])).rows[0]?.got === true;
  };

  const turn = async (): Promise<void> => {
    const session = await db.session({ relaxed: true });
    const ended = new AbortController();
    session.onLost(() => {
      ended.abort();
      signal.set();
    });
    const either = AbortSignal.any([ended.signal, stopping.signal]);
    try {
      following = session;
      while (!either.aborted && !(await tryLock(session))) await signal.wait(retryMs);
      if (either.aborted) return;
      following = undefined;
      leading = true;
      session.onNotification(onWake);
      await session.query(`LISTEN "${channel}"`);
      log.info({ lease: channel }, 'leading');
      await lead(session, either);
    } finally {
      following = undefined;
      leading = false;
      await session.close();
    }
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        await turn();
        failures = 0;
      } catch (error) {
        failures++;
        log.warn({ lease: channel, code: codeOf(error), err: error }, 'lease lost');
      }
      if (!stopping.signal.aborted) {
        await signal.wait(backoffMs(failures + 1, { baseMs: 50, maxMs: retryMs, seed: `${process.pid}` }));
      }
    }
  };
  const running = run();

  return {
    held: () => leading,
    wake: () => (leading ? onWake() : void notify()),
    async stop() {
      stopping.abort();
      signal.set();
      await running;
    },
  };
}
