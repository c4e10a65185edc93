import type { Measurement, RollbackEvidence } from '@orgo/contracts';
import { derivedId } from '@orgo/core';
import type { LocalHandler } from '@orgo/store/relay';
import type { ChannelInput, RollbackWish } from './domain/index.ts';
import { each, type JobDeps, tell } from './jobs.ts';

/** What a rollback is for, as its authorization says it. */
const evidenceOf = ({ name, value, op, threshold, samples }: Measurement): RollbackEvidence => ({
  metric: name,
  value: `${value ?? 'none'}`,
  threshold: `${op} ${threshold}`,
  samples,
});

/** Asks the channel for what a stopped release activated to be brought back. The gatekeeper's sealed word comes as a receipt; a refusal of the channel from here. */
export const rollbackJob = (deps: JobDeps): LocalHandler =>
  each<RollbackWish>('release.rollback', deps, async (item) => {
    const { tenant_id, release_id, wish, traceparent } = item;
    const state = await deps.reads.state(tenant_id, release_id);
    if (state === null) return { outcome: 'accepted' };
    const { trigger, mode, pack_id, actor, reason, finding } = wish;
    // One rollback per wish, however often the job runs: its id follows from the row.
    const rollback_id = derivedId('chg', release_id, item.message_id);
    const evidence = finding === null ? null : evidenceOf(finding);
    const input: ChannelInput = {
      type: 'rollback',
      tenant_id,
      channel: state.channel,
      rollback_id,
      release_id,
      trigger,
      mode,
      pack_id,
      actor,
      reason: reason.slice(0, 500),
      evidence,
    };
    const [result] = await deps.channels.take([{ message_id: `${rollback_id}:asked`, input, traceparent }]);
    if (result === undefined || result.outcome === 'later') return { outcome: 'later' };
    if (result.outcome !== 'refused') return { outcome: 'accepted' };
    const code = result.code ?? 'ROLLBACK_TARGET_MISSING';
    return tell(
      deps,
      item.message_id,
      { type: 'rollback-refused', tenant_id, release_id, rollback_id, code },
      traceparent,
    );
  });
