import type { Ack } from '@orgo/contracts';
import type { Bus } from '@orgo/runtime/bus';
import { ackOf } from '@orgo/runtime/envelope';
import type { Db } from '@orgo/store/db';
import { type CounterItem, counterSubject } from './processes.counter.ts';

export type Said = { id: string; count: number; cause: string };

/**
 * The neighbours of a counter service: a sender that keeps a message until it is answered durably, as a relay does, and a receiver that takes each
 * value once, as an inbox does.
 */
export async function neighbours(bus: Bus) {
  const said: Said[] = [];
  const known = new Set<string>();
  const outcomes: Record<string, number> = { accepted: 0, duplicate: 0, refused: 0, later: 0, silence: 0 };
  let doubles = 0;
  const serving = await bus.serve('orgo.v1.t.audit.decision', 'receiver', async (bytes) => {
    const { items } = JSON.parse(new TextDecoder().decode(bytes)) as { items: Said[] };
    return ackOf(
      items.map((item) => {
        const id = `${item.id} ${item.cause}`;
        if (known.has(id)) {
          doubles++;
          return { outcome: 'duplicate', code: null };
        }
        known.add(id);
        said.push(item);
        return { outcome: 'accepted', code: null };
      }),
    );
  });

  const ask = async (items: CounterItem[]): Promise<Ack['results']> => {
    const bytes = new TextEncoder().encode(JSON.stringify({ items }));
    try {
      const answer = await bus.request(counterSubject, bytes, { timeoutMs: 500 });
      return (JSON.parse(new TextDecoder().decode(answer)) as Ack).results;
    } catch {
      return items.map(() => ({ outcome: 'later' as const, code: 'BUS_UNAVAILABLE' }));
    }
  };

  return {
    said,
    outcomes,
    doubles: () => doubles,
    /** Sends until every item is answered durably. */
    async send(items: CounterItem[]): Promise<void> {
      for (let rest = items; rest.length > 0; ) {
        const results = await ask(rest);
        for (const { outcome, code } of results) {
          const kind = code === 'BUS_UNAVAILABLE' ? 'silence' : outcome;
          outcomes[kind] = (outcomes[kind] ?? 0) + 1;
        }
        rest = rest.filter((_, index) => (results[index]?.outcome ?? 'later') === 'later');
        if (rest.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    stop: () => serving.stop(0),
  };
}

const aggregates = ['a', 'b', 'c', 'd'];

/** Rounds of messages for a few aggregates: ups, refusals, and one aggregate per round whose bell rings soon after. */
export const rounds = (count: number): CounterItem[][] =>
  Array.from({ length: count }, (_, r) => [
    ...aggregates.map((id, a) => ({ message_id: `${id}-${r}`, id, add: (r + a) % 7 === 6 ? -1 : r + 1 })),
    { message_id: `bell-${r}`, id: `bell-${r}`, add: 1, alarm_in_ms: 5 },
  ]);

/** What must be the same however a run was disturbed: events and states by aggregate, and values said by aggregate. */
export async function outcomeOf(db: Db, said: readonly Said[]) {
  const { rows: events } = await db.query<{ id: string; events: unknown }>(
    `SELECT id, json_agg(json_build_array(seq, type, data->>'by', data->>'alarm') ORDER BY seq) AS events FROM event GROUP BY id ORDER BY id`,
  );
  const { rows: states } = await db.query('SELECT id, version::int, phase, state FROM counter ORDER BY id');
  const heard: Record<string, number[]> = {};
  for (const { id, count } of said) heard[id] = [...(heard[id] ?? []), count];
  return { events, states, heard: Object.fromEntries(Object.entries(heard).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** True when the service has nothing more to do: no row to send, no alarm to fire. */
export async function isQuiet(db: Db): Promise<boolean> {
  const { rows } = await db.query<{ n: number }>(
    "SELECT ((SELECT count(*) FROM outbox) + (SELECT count(*) FROM alarm WHERE machine <> 'channel_files'))::int AS n",
  );
  return rows[0]?.n === 0;
}
