import type { ReasonCode } from '@orgo/contracts';
import { Breach } from '@orgo/runtime/errors';
import type { Queryable } from './db.ts';
import type { OutboxRow } from './outbox-row.ts';

/**
 * Completes rows of the outbox, as they were read, with what the service keeps of their items in other tables: one answer per row, in order. A breach
 * stands for a row whose other part is gone; it can never be said again as it was.
 */
export type Fill = (db: Queryable, rows: readonly OutboxRow[]) => Promise<(OutboxRow | Breach)[]>;

/**
 * Fills the rows of one channel and leaves all others as they are. `itemsOf` answers the whole item of each row, as JSON text, by the row's id; a row
 * it leaves out is a breach with `code`. Rows that were written whole must come out the same.
 */
export const fillChannel =
  (
    channel: string,
    code: ReasonCode,
    itemsOf: (db: Queryable, rows: readonly OutboxRow[]) => Promise<ReadonlyMap<string, string>>,
  ): Fill =>
  async (db, rows) => {
    const wanted = rows.filter((row) => row.channel === channel);
    if (wanted.length === 0) return [...rows];
    const items = await itemsOf(db, wanted);
    return rows.map((row) => {
      if (row.channel !== channel) return row;
      const item = items.get(row.id);
      return item === undefined
        ? new Breach(code, `${row.message_id} of ${row.aggregate} waits to be said, and what it says is gone`)
        : { ...row, item };
    });
  };
