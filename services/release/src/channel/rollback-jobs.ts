import type { Digest, ReasonCode } from '@orgo/contracts';
import type { Log } from '@orgo/runtime/log';
import type { Db } from '@orgo/store/db';
import type { LocalHandler } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';
import type { ChannelInput, Preflighted, ReleaseInput, Rolling } from '../domain/index.ts';
import { eachJob, handOver } from '../each-job.ts';
import { type EvidenceDeps, findEvidence } from '../evidence.ts';
import type { Reads } from '../reads.ts';
import { readChannel } from './heads.ts';

/** A look at a rollback's target, as its row carries it. */
export type PreflightItem = { tenant_id: string; channel: string; rollback_id: string; traceparent: string | null };

/** What a release is told whose rollback is not to be. */
export type RefusedItem = PreflightItem & { release_id: string; code: ReasonCode };

export type RollbackDeps = EvidenceDeps & {
  db: Db;
  reads: Reads;
  channels: Turns<ChannelInput>;
  releases: Turns<ReleaseInput>;
  log: Log;
};

type Found = Preflighted['found'];
const failed = (detail: string): Found => ({ ok: false, code: 'ROLLBACK_PREFLIGHT_FAILED', detail });

/** Whether the target is there whole: its build's sealed record, and every file of it in the store. */
async function look(deps: RollbackDeps, tenant: string, { to }: Rolling): Promise<Found> {
  const release = await deps.reads.state(tenant, to.release_id);
  if (release === null) return failed(`${to.release_id} is not on record here`);
  const found = await findEvidence(deps, tenant, release.build_id);
  if (!found.ok) return failed(`${found.code}: ${found.detail}`);
  const { eligible, inputs, evidence } = found.value;
  if (eligible.pack_id !== to.pack_id) return failed('the sealed record names another pack');
  for (const { ref, size } of inputs) {
    const stored = await deps.artifacts.stat(tenant, ref as Digest);
    if (stored === null || stored.size !== size) return failed(`${ref} is not in the store`);
  }
  const { pipeline_ref, mandate_ref } = eligible;
  return { ok: true, build_id: release.build_id, pipeline_ref, mandate_ref, inputs, evidence };
}

/** Looks through the targets of rollbacks and tells their channels. A fault leaves its row in the outbox. */
export const preflightRollbacks = (deps: RollbackDeps): LocalHandler =>
  eachJob<PreflightItem>('release.preflight', deps.log, async (item) => {
    const { tenant_id, channel, rollback_id, traceparent } = item;
    const rolling = (await readChannel(deps.db, tenant_id, channel))?.rolling ?? null;
    if (rolling?.rollback_id !== rollback_id) return { outcome: 'accepted' };
    const found = await look(deps, tenant_id, rolling);
    if (!found.ok) deps.log.warn({ code: found.code, detail: found.detail, tenant_id, channel }, 'no way back');
    const input: ChannelInput = { type: 'preflighted', tenant_id, channel, rollback_id, found };
    return handOver(deps.channels, {
      message_id: `${rollback_id}:preflight:${rolling.again ?? 0}`,
      input,
      traceparent,
    });
  });

/** Tells releases that they are not rolled back. */
export const refuseRollbacks = (deps: RollbackDeps): LocalHandler =>
  eachJob<RefusedItem>('release.rollback-refused', deps.log, async (item) => {
    const { tenant_id, rollback_id, release_id, code, traceparent } = item;
    const input: ReleaseInput = { type: 'rollback-refused', tenant_id, release_id, rollback_id, code };
    return handOver(deps.releases, { message_id: `${rollback_id}:refused`, input, traceparent });
  });
