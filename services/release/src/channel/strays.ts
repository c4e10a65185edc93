import { terminalReleasePhases } from '@orgo/contracts';
import { derivedId } from '@orgo/core';
import type { Db } from '@orgo/store/db';
import type { Turns } from '@orgo/store/turns';
import { type ChannelInput, strayOffers } from '../domain/index.ts';
import type { Reads } from '../reads.ts';
import { readChannel } from './heads.ts';
import { nodeRunning } from './rows.ts';
import type { AfterReport } from './validation.ts';

/**
 * Brings back nodes that took an offer and had not said so when it was withdrawn and its release ended: the channel is asked for a rollback of that release, as
 * its stored history and the release's plan give it. Once for each release, whoever of its nodes is heard first; what became of it stays in the channel's
 * history. Level-triggered by the report of a node that may not go back, and by the end of a release: if we die before we ask, the receipt comes again.
 */
export const bringStraysBack =
  ({ db, channels, reads }: { db: Db; channels: Turns<ChannelInput>; reads: Pick<Reads, 'state'> }): AfterReport =>
  async (tenant_id, channel, traceparent) => {
    const state = await readChannel(db, tenant_id, channel);
    for (const { release_id, pack_id } of state === null ? [] : strayOffers(state)) {
      const node = await nodeRunning(db, tenant_id, channel, pack_id);
      const release = node === null ? null : await reads.state(tenant_id, release_id);
      if (release === null || !terminalReleasePhases.some((phase) => phase === release.phase)) continue;
      const { mode, pack_id: pinned = null } = release.plan.rollback;
      const rollback_id = derivedId('chg', release_id, `strays:${release_id}`);
      const input: ChannelInput = {
        type: 'rollback',
        tenant_id,
        channel,
        rollback_id,
        key: rollback_id,
        release_id,
        trigger: 'deadline',
        mode,
        pack_id: pinned,
        actor: 'release',
        reason: `${node} runs ${pack_id.slice(0, 12)}, which was withdrawn before it said so`,
        evidence: null,
      };
      // What the channel refuses now, because something else is under way, is asked again by what ends that.
      await channels.take([{ message_id: `${rollback_id}:${state?.index_seq}`, input, traceparent }]);
      return;
    }
  };
