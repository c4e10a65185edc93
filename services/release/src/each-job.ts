import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import { withSpan } from '@orgo/runtime/telemetry';
import type { Incoming } from '@orgo/store/machine';
import type { LocalHandler } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';

/** What became of a job’s row: done, or left in the outbox to be done again. */
export type Done = { outcome: 'accepted' | 'later' };

type JobRow = { tenant_id: string; release_id?: string; channel?: string; traceparent: string | null };

/** Runs each row of a kind by itself, so that one that has to wait keeps no other. A fault leaves its row in the outbox. */
export const eachJob =
  <Item extends JobRow>(name: string, log: Log, run: (item: Item, row: string) => Promise<Done>): LocalHandler =>
  (rows) =>
    Promise.all(
      rows.map(async (row): Promise<Done> => {
        const item = JSON.parse(row.item) as Item;
        const { tenant_id, release_id, channel, traceparent } = item;
        const attributes = { tenant_id, ...(release_id && { release_id }), ...(channel && { channel }) };
        try {
          return await withSpan(name, { traceparent, attributes }, () => run(item, row.message_id));
        } catch (error) {
          log.warn({ code: codeOf(error), err: error, ...attributes }, `${name} is put off`);
          return { outcome: 'later' };
        }
      }),
    );

/** Takes what a job found to where it belongs. The inbox takes it once, however often the job runs. */
export async function handOver<Input>(turns: Turns<Input>, ...incoming: readonly Incoming<Input>[]): Promise<Done> {
  const results = await turns.take(incoming);
  const kept = incoming.every((_, at) => results[at] !== undefined && results[at].outcome !== 'later');
  return { outcome: kept ? 'accepted' : 'later' };
}
