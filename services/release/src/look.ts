import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { DueAlarm } from '@orgo/store/alarms';
import type { Db } from '@orgo/store/db';
import type { ItemResult } from '@orgo/store/machine';
import type { Turns } from '@orgo/store/turns';
import type { ReleaseInput } from './domain/index.ts';
import { observe } from './ledger/observe.ts';
import type { Reads } from './reads.ts';

export type LookDeps = { db: Db; reads: Reads; releases: Turns<ReleaseInput>; log: Log };

/**
 * Alarms only wake: whatever was rung for, the row and the ledger are read and looked at. What the ledger says is read before the row is locked; who
 * changes it behind that rings again.
 */
export const takeAlarms =
  ({ db, reads, releases, log }: LookDeps) =>
  (rows: readonly DueAlarm[]): Promise<ItemResult[]> =>
    Promise.all(
      rows.map(async ({ message_id, tenant_id, id: release_id, traceparent }): Promise<ItemResult> => {
        try {
          const state = await reads.state(tenant_id, release_id);
          if (state === null) return { outcome: 'refused', code: 'RELEASE_NOT_FOUND' };
          const { current } = state;
          const observed = await observe(db, state);
          const input: ReleaseInput = { type: 'look', tenant_id, release_id, current, observed };
          // What nodes report rings without a trace: each has its own, and they are many.
          const [result] = await releases.take([{ message_id, input, traceparent: traceparent ?? state.traceparent }]);
          return result ?? { outcome: 'later', code: null };
        } catch (error) {
          log.warn({ code: codeOf(error), err: error, tenant_id, release_id }, 'a look is put off');
          return { outcome: 'later', code: codeOf(error) };
        }
      }),
    );
