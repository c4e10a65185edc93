import { Breach } from '@orgo/runtime/errors';
import type { Tx } from '@orgo/store/db';
import { type Key, keyText, type SaveRow } from '@orgo/store/machine';
import { keyArrays } from '@orgo/store/repo';
import { textArray } from '@orgo/store/text-array';
import {
  type ChannelGate,
  initialChannelGate,
  type KnownChannel,
  type PackNumber,
  type ReleaseEvent,
  type ReleaseGate,
} from './domain/index.ts';

/**
 * The channel and pack that a claim about a release is decided for, by the sealed record or the release's own gate and never by the claim, which would
 * choose what it is judged by. `pack_seq` is the number that the pack is held against the floor by.
 */
export type About = { channel: string; pack_id: string; pack_seq: number | null };

const holdText = `SELECT pg_advisory_xact_lock(hashtextextended('gatekeeper.channel ' || t || '/' || i, 0))
FROM unnest($1::text[], $2::text[]) AS x(t, i)`;

/**
 * Holds channels until the transaction ends, those too that have no row yet: while one transaction decides what a channel may do, no other decides by what it
 * may. `channels` are in the order of tenant and id, as everywhere, so that two transactions do not wait for each other.
 */
export const holdChannels = (tx: Tx, channels: readonly Key[]): void =>
  tx.post({ name: 'channel_hold', text: holdText }, keyArrays(channels));

const gateText = `SELECT tenant_id, id, state FROM channel_gate WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`;
const numberText = `SELECT DISTINCT n.tenant_id, n.channel, n.pack_id, n.pack_seq::text AS pack_seq
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS x(t, c, p, s)
JOIN pack_number n ON n.tenant_id = t AND n.channel = c AND (n.pack_id = p OR n.pack_seq = s::bigint)`;

type Row = { tenant_id: string; channel: string; pack_id: string; pack_seq: string };

/** Holds the channels that claims are about, and reads them: one entry per claim, in order; null for one that is about none. */
export async function readHeldChannels(
  tx: Tx,
  claims: readonly { tenant_id: string; about: About | null }[],
): Promise<(KnownChannel | null)[]> {
  const asked = claims.flatMap(({ tenant_id, about }) => (about === null ? [] : [{ tenant_id, ...about }]));
  if (asked.length === 0) return claims.map(() => null);
  const keys = new Map(asked.map(({ tenant_id, channel: id }) => [keyText({ tenant_id, id }), { tenant_id, id }]));
  const channels = [...keys].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
  holdChannels(tx, channels);
  // Statements of their own behind the lock: they see what was committed while it was waited for.
  const [gates, numbers] = await Promise.all([
    tx.query<Key & { state: ChannelGate }>({ name: 'channel_read', text: gateText }, keyArrays(channels)),
    tx.query<Row>({ name: 'pack_number_read', text: numberText }, [
      textArray(asked.map(({ tenant_id }) => tenant_id)),
      textArray(asked.map(({ channel }) => channel)),
      textArray(asked.map(({ pack_id }) => pack_id)),
      textArray(asked.map(({ pack_seq }) => (pack_seq === null ? null : `${pack_seq}`))),
    ]),
  ]);
  const states = new Map(gates.rows.map((row) => [keyText(row), row.state]));
  return claims.map(({ tenant_id, about }) => {
    if (about === null) return null;
    const { channel, pack_id, pack_seq } = about;
    const key = { tenant_id, id: channel };
    const known = numbers.rows
      .filter((row) => row.tenant_id === tenant_id && row.channel === channel)
      .map((row): PackNumber => ({ pack_id: row.pack_id, pack_seq: Number(row.pack_seq) }))
      .filter((one) => one.pack_id === pack_id || one.pack_seq === pack_seq);
    return { gate: states.get(keyText(key)) ?? initialChannelGate(key), pack_seq, numbers: known };
  });
}

// A number that another pack has, or a pack that has another number, is refused by the constraints: then two of a batch named them, and each is decided again alone.
const insertText = `INSERT INTO pack_number (tenant_id, channel, pack_id, pack_seq, release_id, decision)
SELECT DISTINCT ON (t, c, p, s) t, c, p, s::bigint, r, d
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS x(t, c, p, s, r, d)
WHERE NOT EXISTS (SELECT FROM pack_number n WHERE n.tenant_id = t AND n.channel = c AND n.pack_id = p AND n.pack_seq = s::bigint)`;

/** Keeps the number under which a release's steps were opened. */
export async function projectReleases(tx: Tx, rows: readonly SaveRow<ReleaseGate, ReleaseEvent>[]): Promise<void> {
  const named = rows.flatMap(({ key, state: { channel, pack_id }, events }) =>
    events.flatMap((event) => {
      if (event.type !== 'RELEASE_STEP_OPENED' || event.pack_seq === undefined) return [];
      if (channel === null || pack_id === null)
        throw new Breach('INTERNAL_ERROR', `${key.id} has a step and no channel or pack`);
      return [[key.tenant_id, channel, pack_id, `${event.pack_seq}`, key.id, event.decision]];
    }),
  );
  if (named.length === 0) return;
  const columns = [0, 1, 2, 3, 4, 5].map((column) => textArray(named.map((row) => row[column] ?? null)));
  tx.post({ name: 'pack_number_insert', text: insertText }, columns);
}
