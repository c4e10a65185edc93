import type { Tx } from '@orgo/store/db';
import type { Machine, Repo } from '@orgo/store/machine';
import { tableRepo } from '@orgo/store/repo';
import * as domain from '../domain/index.ts';
import { wakeReleases } from '../ledger/node-reports.ts';

export type ChannelMachine = Machine<
  domain.ChannelState,
  domain.ChannelInput,
  domain.ChannelEvent,
  domain.ChannelSend,
  never
>;

const rows = tableRepo<domain.ChannelState, domain.ChannelEvent>('channel');

const onTheirWay = `SELECT tenant_id, id AS release_id FROM release
WHERE tenant_id = $1 AND state ->> 'channel' = $2 AND phase IN ('VERIFIED', 'RELEASING') ORDER BY id`;

/** There is a pack to go back to now: a release that waits for one looks again. */
async function wakeThoseOf(tx: Tx, tenant: string, channel: string): Promise<void> {
  const found = await tx.query<{ tenant_id: string; release_id: string }>(
    { name: 'release_on_its_way', text: onTheirWay },
    [tenant, channel],
  );
  await wakeReleases(tx, found.rows);
}

const channelRepo: Repo<domain.ChannelState, domain.ChannelEvent> = {
  load: rows.load,
  async save(tx, saved) {
    await rows.save(tx, saved);
    for (const { key, events } of saved)
      if (events.some(({ type }) => type === 'OfferConfirmed')) await wakeThoseOf(tx, key.tenant_id, key.id);
  },
};

export const channelMachine: ChannelMachine = {
  name: 'channel',
  keyOf: domain.channelKeyOf,
  initial: domain.initialChannel,
  decide: domain.decideChannel,
  evolve: domain.evolveChannel,
  phaseOf: domain.channelPhaseOf,
  repo: channelRepo,
};
