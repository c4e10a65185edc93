import { newId } from '@orgo/runtime/ids';
import type { Db } from '@orgo/store/db';
import type { Turns } from '@orgo/store/turns';
import type { ChannelInput } from '../domain/index.ts';
import { readChannel } from './heads.ts';
import { countRunning } from './rows.ts';

/** Told of a sealed report by a node of a channel. */
export type AfterReport = (tenant: string, channel: string, traceparent: string | null) => Promise<void>;

/**
 * After a node's report: where it was the last one to run what was rolled back, the gatekeeper is asked to find that by its own rows. Level-triggered: if we
 * die before we ask, the next report of any node asks.
 */
export const validateRollback =
  ({ db, channels }: { db: Db; channels: Turns<ChannelInput> }): AfterReport =>
  async (tenant_id, channel, traceparent) => {
    const rollback = (await readChannel(db, tenant_id, channel))?.rollback ?? null;
    if (rollback === null || rollback.validated_at !== null) return;
    const { from_pack_id: from, to_pack_id: to, also_left = [], rollback_id } = rollback;
    const running = await countRunning(db, tenant_id, channel, { from: [from, ...also_left], to });
    if (running.from > 0 || running.to === 0) return;
    const reason = `${running.to} nodes run ${to.slice(0, 12)}, none runs ${from.slice(0, 12)}`;
    const input: ChannelInput = {
      type: 'change',
      tenant_id,
      channel,
      request_id: newId('chg'),
      change: { change: 'validated', rollback_id, nodes: running.to },
      actor: 'release',
      reason,
    };
    await channels.take([{ message_id: `ask:${input.request_id}`, input, traceparent }]);
  };
