import { canonicalBytes, fromBase64, ok, parseStrict, type Result, refuse, toBase64Url } from '@orgo/core';
import { z } from 'zod';

const CursorSchema = z.strictObject({ next_row: z.int().min(0), pack: z.string(), query_hash: z.string() });

/** Where a page ends: the pack and the query it belongs to, and the row to go on from. Bound to no time: valid while the pack lives. */
export type PackCursor = z.infer<typeof CursorSchema>;

/** A cursor as clients hold it: base64url of canonical JSON, opaque to them. */
export function writeCursor(cursor: PackCursor): string {
  return toBase64Url(canonicalBytes(cursor));
}

/**
 * Reads a cursor and holds it against the pack and query at hand. One cursor has one spelling.
 * Refuses with `PACK_CURSOR_INVALID`.
 */
export function readCursor(text: string, pack: string, queryHash: string): Result<PackCursor> {
  const bytes = fromBase64(text, 'url');
  if (!bytes.ok) return refuse('PACK_CURSOR_INVALID', 'not base64url');
  const json = parseStrict(bytes.value);
  const parsed = CursorSchema.safeParse(json.ok ? json.value : undefined);
  if (!parsed.success || writeCursor(parsed.data) !== text) return refuse('PACK_CURSOR_INVALID', 'not a cursor');
  if (parsed.data.pack !== pack) return refuse('PACK_CURSOR_INVALID', 'a cursor of another pack');
  if (parsed.data.query_hash !== queryHash) return refuse('PACK_CURSOR_INVALID', 'a cursor of another query');
  return ok(parsed.data);
}
