import type { ReleaseStatus, releaseActionSchema } from '@orgo/contracts';
import { Refused } from '@orgo/runtime/errors';
import type { z } from 'zod';
import { type ChannelRequestDeps, rollbackChannel } from './channel/requests.ts';
import type { Reads } from './reads.ts';

/**
 * A person's rollback of a release that its channel runs or brings: to the pack that the release named, else to the last known good one. Answers when the
 * gatekeeper's decision is sealed.
 * @throws Refused RELEASE_NOT_FOUND, and what `rollbackChannel` throws
 */
export async function rollbackRelease(
  deps: ChannelRequestDeps & { reads: Reads },
  of: { tenant: string; release: string; traceparent: string | null; requestKey: string | null },
  { actor, reason }: z.infer<typeof releaseActionSchema>,
): Promise<ReleaseStatus> {
  const { tenant, release: release_id, traceparent, requestKey: key } = of;
  const state = await deps.reads.state(tenant, release_id);
  if (state === null) throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  const { mode, pack_id = null } = state.plan.rollback;
  const request = { trigger: 'operator' as const, mode, pack_id, release_id, actor, reason };
  await rollbackChannel(deps, { tenant, channel: state.channel, traceparent, key }, request);
  const status = await deps.reads.status(tenant, release_id);
  if (status === null) throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  return status;
}
