import { commandStream } from '@orgo/contracts';
import type { Bus } from '@orgo/runtime/bus';
import type { Log } from '@orgo/runtime/log';
import type { Db } from '@orgo/store/db';
import type { ItemResult } from '@orgo/store/machine';
import type { Turns } from '@orgo/store/turns';
import type { BuildInput } from './domain/index.ts';

const page = 256;

const stored = 'SELECT created FROM road WHERE stream = $1';
const store =
  'INSERT INTO road (stream, created) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET created = excluded.created';
const open = `SELECT tenant_id, id, state ->> 'traceparent' AS traceparent FROM build WHERE phase IN ('RUNNING', 'PAUSED') AND (tenant_id, id) > ($1, $2)
AND state -> 'open' ->> 'phase' = 'COMMANDED' ORDER BY tenant_id, id LIMIT ${page}`;

type Open = { tenant_id: string; id: string; traceparent: string | null };

/**
 * Says every open command again when the command stream is not the one they were said to: its server lost its store. The same payloads, so
 * that an adapter which has seen one answers as before. A build that is put off keeps no other: its lease brings its command, and the next
 * connection or start goes through all again. Any number of processes may do it at once, and again after a crash: the inbox lets each build through once per stream.
 * @throws Fault BUS_UNAVAILABLE, DATABASE_UNAVAILABLE; Breach SERVER_CONFIG_MISMATCH
 */
export async function resendIfLost({
  db,
  bus,
  turns,
  log,
}: {
  db: Db;
  bus: Bus;
  turns: Turns<BuildInput>;
  log: Log;
}): Promise<void> {
  const created = await bus.ensureStreams();
  const { rows } = await db.query<{ created: string }>(stored, [commandStream.name]);
  if (rows[0]?.created === created) return;
  let count = 0;
  const putOff: ItemResult['code'][] = [];
  for (let after = { tenant_id: '', id: '' }; ; ) {
    const builds = (await db.query<Open>(open, [after.tenant_id, after.id])).rows;
    const results = await turns.take(
      builds.map(({ tenant_id, id, traceparent }) => ({
        message_id: `resend:${created}:${id}`,
        input: { type: 'resend' as const, tenant_id, build_id: id },
        traceparent,
      })),
    );
    for (const { outcome, code } of results) if (outcome === 'later') putOff.push(code);
    count += builds.length;
    const last = builds.at(-1);
    if (last === undefined || builds.length < page) break;
    after = last;
  }
  if (putOff.length > 0) {
    const about = { builds: count, put_off: putOff.length, codes: [...new Set(putOff)], created };
    log.warn(about, 'open commands were not all said again; their leases will');
    return;
  }
  // crash: if we die here, the next start goes through them again and the inbox knows them
  await db.query(store, [commandStream.name, created]);
  if (count > 0) log.warn({ builds: count, created }, 'the command stream is new: open commands are said again');
}
