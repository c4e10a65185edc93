import {
  type createReleaseSchema,
  type joinNodeSchema,
  nameSchema,
  type promoteReleaseSchema,
  type ReleaseStatus,
  type releaseActionSchema,
  releaseIdSchema,
} from '@orgo/contracts';
import { canonical, utf8 } from '@orgo/core';
import { Refused } from '@orgo/runtime/errors';
import type { BytesAnswer, Handlers, HttpRequest } from '@orgo/runtime/http';
import { type PageOf, pageOf, paramOf, requestKeyOf } from '@orgo/runtime/http-asked';
import { endSpan, startSpan, traceparentOf } from '@orgo/runtime/telemetry';
import type { z } from 'zod';
import type { ChannelRequestDeps } from './channel/requests.ts';
import { channelRoutes } from './channel/routes.ts';
import { type CreateDeps, createRelease } from './create.ts';
import { type Person, toPublicRelease } from './domain/index.ts';
import { type EnrollDeps, joinNode } from './enroll.ts';
import { type PersonDeps, tellRelease } from './person.ts';
import type { Reads } from './reads.ts';
import { getNonce, type ReportDeps, takeReport } from './reports.ts';
import { type RetryDeps, retryRelease } from './retry.ts';
import { rollbackRelease } from './rollback-route.ts';
import { checkTenant } from './tenant.ts';
import type { ChannelReader } from './tuf/reader.ts';
import { channelRoute } from './tuf/route.ts';
import { type WatchDeps, watchRelease } from './watch.ts';

export type RouteDeps = CreateDeps &
  EnrollDeps &
  ReportDeps &
  PersonDeps &
  RetryDeps &
  WatchDeps &
  ChannelRequestDeps & { reader: ChannelReader };

/** Begins a release under the root span of its trace. */
async function create(deps: RouteDeps, request: HttpRequest): Promise<ReleaseStatus> {
  const tenant = paramOf(request, 'tenant');
  const asked = request.body as z.infer<typeof createReleaseSchema>;
  const attributes = { tenant_id: tenant, build_id: asked.build_id, channel: asked.channel };
  const span = startSpan('release.release', { parent: request.span, attributes });
  try {
    const more = { traceparent: traceparentOf(span), requestKey: requestKeyOf(request) };
    const status = await createRelease(deps, tenant, asked, more);
    span.setAttribute('release_id', status.release_id);
    endSpan(span);
    return status;
  } catch (error) {
    endSpan(span, error);
    throw error;
  }
}

async function statusOf({ reads }: { reads: Reads }, request: HttpRequest): Promise<ReleaseStatus> {
  const status = await reads.status(paramOf(request, 'tenant'), paramOf(request, 'release'));
  if (status === null) throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  return status;
}

async function publicRecord(deps: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const status = await statusOf(deps, request);
  const state = await deps.reads.state(status.tenant_id, status.release_id);
  if (state === null) throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  const projected = toPublicRelease(state, status);
  if (!projected.ok) throw Refused.from(projected);
  return { bytes: utf8(canonical(projected.value)), media_type: 'application/json' };
}

const act = (deps: RouteDeps, request: HttpRequest, action: Person['action']): Promise<ReleaseStatus> =>
  tellRelease(
    deps,
    {
      tenant: paramOf(request, 'tenant'),
      release: paramOf(request, 'release'),
      action,
      traceparent: traceparentOf(request.span),
      requestKey: requestKeyOf(request),
    },
    request.body as z.infer<typeof releaseActionSchema>,
  );

const promote = (deps: RouteDeps, request: HttpRequest): Promise<ReleaseStatus> =>
  act(deps, request, (request.body as z.infer<typeof promoteReleaseSchema>).full ? 'promote-full' : 'promote');

async function targets(deps: RouteDeps, request: HttpRequest): Promise<unknown> {
  const [tenant, release] = [paramOf(request, 'tenant'), paramOf(request, 'release')];
  const page = pageOf(request, nameSchema);
  if ((await deps.reads.state(tenant, release)) === null)
    throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  return deps.reads.targets(tenant, release, page);
}

async function list<T>(
  deps: RouteDeps,
  request: HttpRequest,
  id: z.ZodType,
  read: (tenant: string, page: PageOf) => Promise<T>,
): Promise<T> {
  const tenant = paramOf(request, 'tenant');
  const page = pageOf(request, id);
  await checkTenant(deps.trust, tenant);
  return read(tenant, page);
}

async function nonce(deps: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const minted = await getNonce(deps, paramOf(request, 'tenant'), paramOf(request, 'node'));
  return { bytes: utf8(minted), media_type: 'text/plain', headers: { 'cache-control': 'no-store' } };
}

const report = (deps: RouteDeps, request: HttpRequest): Promise<void> =>
  takeReport(deps, {
    tenant: paramOf(request, 'tenant'),
    instance: paramOf(request, 'node'),
    body: request.stream,
    traceparent: traceparentOf(request.span),
  });

/** The operations of the release service. */
export const releaseRoutes = (deps: RouteDeps): Handlers => ({
  createRelease: (request) => create(deps, request),
  listReleases: (request) => list(deps, request, releaseIdSchema, deps.reads.releases),
  getRelease: (request) => statusOf(deps, request),
  watchRelease: (request) =>
    watchRelease(deps, { tenant_id: paramOf(request, 'tenant'), id: paramOf(request, 'release') }, request.signal),
  listTargets: (request) => targets(deps, request),
  getPublicRelease: (request) => publicRecord(deps, request),
  promoteRelease: (request) => promote(deps, request),
  pauseRelease: (request) => act(deps, request, 'pause'),
  resumeRelease: (request) => act(deps, request, 'resume'),
  abortRelease: (request) => act(deps, request, 'abort'),
  rollbackRelease: (request) =>
    rollbackRelease(
      deps,
      {
        tenant: paramOf(request, 'tenant'),
        release: paramOf(request, 'release'),
        traceparent: traceparentOf(request.span),
        requestKey: requestKeyOf(request),
      },
      request.body as z.infer<typeof releaseActionSchema>,
    ),
  retryRelease: (request) =>
    retryRelease(
      deps,
      { tenant: paramOf(request, 'tenant'), release: paramOf(request, 'release') },
      request.body as z.infer<typeof releaseActionSchema>,
      { traceparent: traceparentOf(request.span), requestKey: requestKeyOf(request) },
    ),
  joinNode: (request) =>
    joinNode(
      deps,
      paramOf(request, 'tenant'),
      request.body as z.infer<typeof joinNodeSchema>,
      traceparentOf(request.span),
    ),
  listNodes: (request) => list(deps, request, nameSchema, deps.reads.nodes),
  getNonce: (request) => nonce(deps, request),
  reportNode: (request) => report(deps, request),
  ...channelRoutes(deps),
  getChannelFile: channelRoute(deps.reader),
});
