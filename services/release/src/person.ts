import { randomUUID } from 'node:crypto';
import type { promoteReleaseSchema, ReleaseStatus } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { Fault, Refused } from '@orgo/runtime/errors';
import { askedOf } from '@orgo/runtime/telemetry';
import type { Turns } from '@orgo/store/turns';
import type { z } from 'zod';
import type { Person, ReleaseInput } from './domain/index.ts';
import type { Reads } from './reads.ts';

export type PersonDeps = { releases: Turns<ReleaseInput>; reads: Reads };
type Request = Omit<z.infer<typeof promoteReleaseSchema>, 'full'>;

/**
 * Takes a person's word to a release, in the release's own trace, linked to the request (`traceparent`); durable when it answers, with the state it led to. With an idempotency key it is said once.
 * @throws Refused RELEASE_NOT_FOUND, STATE_CONFLICT, NOTHING_TO_ABORT, IDEMPOTENCY_KEY_REUSED; Fault when nothing is known to have happened
 */
export async function tellRelease(
  { releases, reads }: PersonDeps,
  of: {
    tenant: string;
    release: string;
    action: Person['action'];
    traceparent: string | null;
    requestKey: string | null;
  },
  { actor, reason, version }: Request,
): Promise<ReleaseStatus> {
  const { tenant: tenant_id, release: release_id, action, traceparent, requestKey } = of;
  const before = await reads.state(tenant_id, release_id);
  if (before === null) throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  const request =
    requestKey === null ? null : { key: requestKey, digest: digestOf([action, actor, reason, version ?? null]) };
  const input: Person = {
    type: 'person',
    tenant_id,
    release_id,
    action,
    actor,
    reason,
    version: version ?? null,
    request,
  };
  const [result] = await releases.take([
    { message_id: `person:${randomUUID()}`, input, ...askedOf(before, traceparent) },
  ]);
  if (result?.outcome === 'refused')
    throw new Refused(result.code ?? 'STATE_CONFLICT', `${release_id} does not take ${action} now`);
  if (result?.outcome !== 'accepted') throw new Fault('STATE_CONFLICT', 'nothing has happened; try again');
  const status = await reads.status(tenant_id, release_id);
  if (status === null) throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  return status;
}
