import { commandStream } from '@orgo/contracts';
import type { Bus } from '@orgo/runtime/bus';
import { Fault } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { Db } from '@orgo/store/db';
import type { Turns } from '@orgo/store/turns';
import type { BuildInput } from './domain/index.ts';

const page = 256;

const stored = 'SELECT created FROM road WHERE stream = $1';
const store =
  'INSERT INTO road (stream, created) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET created = excluded.created';
const open = `SELECT tenant_id, id FROM build WHERE phase IN ('RUNNING', 'PAUSED') AND (tenant_id, id) > ($1, $2)
AND state -> 'open' ->> 'phase' = 'COMMANDED' ORDER BY tenant_id, id LIMIT ${page}`;

/**
 * Says every open command again when the command stream is not the one they were said to: its server lost its store. The same payloads, so
 * that an adapter which has seen one answers as before. Answers how many builds were gone through; 0 when the stream is the same.
 * Any number of processes may do it at once, and again after a crash: the inbox lets each build through once per stream.
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
}): Promise<number> {
  const created = await bus.ensureStreams();
  const { rows } = await db.query<{ created: string }>(stored, [commandStream.name]);
  if (rows[0]?.created === created) return 0;
  let count = 0;
  for (let after = { tenant_id: '', id: '' }; ; ) {
    const builds = (await db.query<{ tenant_id: string; id: string }>(open, [after.tenant_id, after.id])).rows;
    const results = await turns.take(
      builds.map(({ tenant_id, id }) => ({
        message_id: `resend:${created}:${id}`,
        input: { type: 'resend' as const, tenant_id, build_id: id },
        traceparent: null,
      })),
    );
    if (results.some(({ outcome }) => outcome === 'later'))
      throw new Fault('DATABASE_UNAVAILABLE', 'not every command could be said again');
    count += builds.length;
    const last = builds.at(-1);
    if (last === undefined || builds.length < page) break;
    after = last;
  }
  // crash: if we die here, the next start goes through them again and the inbox knows them
  await db.query(store, [commandStream.name, created]);
  if (count > 0) log.warn({ builds: count, created }, 'the command stream is new: open commands are said again');
  return count;
}
