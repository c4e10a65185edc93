import { maxMessageBytes } from '@orgo/contracts';
import { Refused } from '@orgo/runtime/errors';
import type { Tx } from './db.ts';
import type { OutRow } from './machine.ts';
import type { OutboxRow } from './outbox-row.ts';
import { textArray } from './text-array.ts';

/** What the envelope around a single item may take. */
export const envelopeBytes = 256;

// A function scan hands out its rows in order, so ids rise in the order of the arrays.
const text = `INSERT INTO outbox (tenant_id, aggregate, subject, transport, channel, message_id, item)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) RETURNING id`;

/**
 * Writes what is to be said, in order, and answers the rows whole, as the relay takes them once the transaction has committed. The table keeps the JSON
 * text that will be sent, or of it what stands in no other table. The statement is sent, or refused by a throw, before this returns: a commit may follow
 * it without waiting for its rows.
 * @throws Refused MESSAGE_TOO_LARGE: an item that could never be published must not get into the outbox
 */
export function insertOutbox(tx: Tx, rows: readonly OutRow[]): Promise<OutboxRow[]> {
  if (rows.length === 0) return Promise.resolve([]);
  const items = rows.map((row) => JSON.stringify(row.item));
  const large = items.findIndex((item) => item.length * 3 > maxMessageBytes && tooLarge(item));
  if (large >= 0)
    throw new Refused('MESSAGE_TOO_LARGE', `an item of ${items[large]?.length} characters for ${rows[large]?.subject}`);
  const inserting = tx.query<{ id: string }>({ name: 'outbox_insert', text }, [
    textArray(rows.map((row) => row.tenant_id)),
    textArray(rows.map((row) => row.aggregate)),
    textArray(rows.map((row) => row.subject)),
    textArray(rows.map((row) => row.transport)),
    textArray(rows.map((row) => row.channel)),
    textArray(rows.map((row) => row.message_id)),
    textArray(rows.map(({ kept }, at) => (kept === undefined ? (items[at] ?? '') : JSON.stringify(kept)))),
  ]);
  return inserting.then((inserted) =>
    rows.map(({ tenant_id, aggregate, subject, transport, channel, message_id }, at) => {
      const id = inserted.rows[at]?.id ?? '';
      return { id, tenant_id, aggregate, subject, transport, channel, message_id, item: items[at] ?? '' };
    }),
  );
}

const tooLarge = (item: string): boolean => Buffer.byteLength(item) + envelopeBytes > maxMessageBytes;
