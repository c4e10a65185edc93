import type { Queryable } from '../db.ts';
import type { OutboxRow } from '../outbox-row.ts';
import { textArray } from '../text-array.ts';

const columns = 'id, tenant_id, aggregate, subject, transport, channel, message_id, item';
// A subquery is hashed once; an array parameter would be walked for every row.
const held = 'id NOT IN (SELECT unnest($1::text[]::bigint[]))';

const read = `SELECT ${columns} FROM outbox o WHERE o.${held} ORDER BY id LIMIT $2`;

// A row stays behind an earlier one of its aggregate that was not read, or the later one would leave first.
const readAround = `SELECT ${columns} FROM outbox o WHERE o.${held} AND subject <> ALL ($3::text[])
AND NOT EXISTS (SELECT FROM outbox e WHERE e.subject = ANY ($3::text[]) AND e.tenant_id = o.tenant_id
  AND e.aggregate = o.aggregate AND e.id < o.id AND e.${held})
ORDER BY id LIMIT $2`;

/** Rows that are not held yet, in order, none of them for a subject in `full`. */
export async function readOutbox(
  db: Queryable,
  heldIds: readonly string[],
  limit: number,
  full: readonly string[],
): Promise<OutboxRow[]> {
  const values = [textArray(heldIds), limit];
  const { rows } =
    full.length === 0
      ? await db.query<OutboxRow>({ name: 'outbox_read', text: read }, values)
      : await db.query<OutboxRow>({ name: 'outbox_read_around', text: readAround }, [...values, textArray(full)]);
  return rows;
}

/** Forgets rows that their receivers have. */
export async function deleteOutbox(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query({ name: 'outbox_delete', text: 'DELETE FROM outbox WHERE id = ANY ($1::text[]::bigint[])' }, [
    textArray(ids),
  ]);
}
