import type { createReleaseSchema, ReleaseStatus } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { Fault, Refused } from '@orgo/runtime/errors';
import { newId } from '@orgo/runtime/ids';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Turns } from '@orgo/store/turns';
import type { z } from 'zod';
import type { Asked, ReleaseInput, ReleaseState } from './domain/index.ts';
import type { Reads } from './reads.ts';
import { checkTenant } from './tenant.ts';

export type CreateDeps = {
  releases: Turns<ReleaseInput>;
  reads: Reads;
  trust: TrustStore;
  /** How long a step may take where its plan does not say. */
  stepMs: number;
};
type Request = z.infer<typeof createReleaseSchema>;

/** The release an idempotency key stands for, if it was asked for the same. @throws Refused IDEMPOTENCY_KEY_REUSED */
function answered(known: ReleaseState | null, asked: Asked): string | null {
  if (known === null) return null;
  if (known.request?.digest !== asked.request?.digest)
    throw new Refused('IDEMPOTENCY_KEY_REUSED', 'that key was used for another request');
  return known.release_id;
}

/**
 * Begins a release; durable when it answers. With an idempotency key, asking again answers with the release that was begun. Whether the
 * build may be released is decided afterwards, by evidence.
 * @throws Refused TENANT_NOT_FOUND, REQUEST_INVALID, IDEMPOTENCY_KEY_REUSED; Fault when nothing is known to have happened
 */
export async function createRelease(
  deps: CreateDeps,
  tenant_id: string,
  request: Request,
  more: {
    traceparent: string | null;
    requestKey: string | null;
    generation?: number;
    retry_of?: string;
    /** Trace context of the release that this one tries again. */
    link?: string | null;
  },
): Promise<ReleaseStatus> {
  const { reads, trust, stepMs } = deps;
  await checkTenant(trust, tenant_id);
  const key = more.requestKey;
  const { build_id, channel, actor, reason, ...plan } = request;
  const asked: Asked = {
    tenant_id,
    release_id: newId('rel'),
    build_id,
    channel,
    actor,
    reason,
    plan,
    step_ms: stepMs,
    generation: more.generation ?? 1,
    retry_of: more.retry_of ?? null,
    request: key === null ? null : { key, digest: digestOf(request) },
    traceparent: more.traceparent,
  };
  const before = key === null ? null : answered(await reads.byRequest(tenant_id, key), asked);
  const release_id = before ?? (await begin(deps, asked, more));
  // Another caller with the same key may have been faster: the unique key lets one of us in, and that one is the answer.
  const found = release_id ?? (key === null ? null : answered(await reads.byRequest(tenant_id, key), asked));
  const status = found === null ? null : await reads.status(tenant_id, found);
  if (status === null) throw new Fault('STATE_CONFLICT', 'nothing has happened; try again');
  return status;
}

/** The id of the release that was begun; null where it could not be stored. @throws Refused what the rules say */
async function begin(
  { releases, reads }: CreateDeps,
  asked: Asked,
  { traceparent, link = null }: { traceparent: string | null; link?: string | null },
): Promise<string | null> {
  const nodes = await reads.members(asked.tenant_id, asked.channel);
  const input: ReleaseInput = { type: 'create', asked, nodes };
  const [result] = await releases.take([{ message_id: `create:${asked.release_id}`, input, traceparent, link }]);
  if (result?.outcome === 'refused')
    throw new Refused(result.code ?? 'REQUEST_INVALID', `${asked.channel} cannot be released to so`);
  return result?.outcome === 'accepted' ? asked.release_id : null;
}
