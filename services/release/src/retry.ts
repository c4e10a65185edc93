import { type ReleaseStatus, type releaseActionSchema, terminalReleasePhases } from '@orgo/contracts';
import { Refused } from '@orgo/runtime/errors';
import type { z } from 'zod';
import { type CreateDeps, createRelease } from './create.ts';

export type RetryDeps = CreateDeps;

/**
 * Releases the same again: an end is final for its generation, so this is the next one, under an id of its own, with cohorts frozen anew, in a trace that is linked to the one before.
 * @throws Refused RELEASE_NOT_FOUND, RELEASE_TRANSITION_ILLEGAL for a release that has not ended, and what `createRelease` throws
 */
export async function retryRelease(
  deps: RetryDeps,
  of: { tenant: string; release: string },
  { actor, reason }: z.infer<typeof releaseActionSchema>,
  more: { traceparent: string | null; requestKey: string | null },
): Promise<ReleaseStatus> {
  const before = await deps.reads.state(of.tenant, of.release);
  if (before === null) throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  if (!terminalReleasePhases.some((phase) => phase === before.phase))
    throw new Refused('RELEASE_TRANSITION_ILLEGAL', `${of.release} is ${before.phase} and has not ended`);
  const { build_id, channel, plan, generation, release_id, traceparent: link } = before;
  const request = { ...plan, build_id, channel, actor, reason };
  const again = { generation: generation + 1, retry_of: release_id, link };
  return createRelease(deps, of.tenant, request, { ...more, ...again });
}
