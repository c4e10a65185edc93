import type { Tx } from './db.ts';
import { textArray } from './text-array.ts';

// Sorted, so that two batches with common ids wait for each other in one order.
const text = `INSERT INTO inbox (message_id) SELECT m FROM unnest($1::text[]) m ORDER BY m
ON CONFLICT (message_id) DO NOTHING RETURNING message_id`;

/**
 * Claims message ids: the ones returned are new and are this transaction's to act on, the others were dealt with
 * before. Waits while another open transaction holds one of them.
 */
export async function insertInbox(tx: Tx, messageIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ message_id: string }>({ name: 'inbox_insert', text }, [textArray(messageIds)]);
  return new Set(rows.map((row) => row.message_id));
}
