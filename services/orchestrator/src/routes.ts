import { randomUUID } from 'node:crypto';
import {
  type BuildStatus,
  buildIdSchema,
  caseIdSchema,
  type Digest,
  nameSchema,
  type StartBuild,
} from '@orgo/contracts';
import { sha256Hex } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Fault, Refused } from '@orgo/runtime/errors';
import type { BytesAnswer, Handlers, HttpRequest, ServerEvent } from '@orgo/runtime/http';
import { headerOf, type PageOf, pageOf, paramOf, requestKeyOf } from '@orgo/runtime/http-asked';
import { askedOf, endSpan, startSpan, traceparentOf } from '@orgo/runtime/telemetry';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Db } from '@orgo/store/db';
import type { Snapshots } from '@orgo/store/snapshots';
import type { Turns } from '@orgo/store/turns';
import type { z } from 'zod';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import { type BuildInput, type CaseInput, type LetterMark, type PersonAct, traceIdOf } from './domain/index.ts';
import type { Reads } from './reads.ts';
import { admittedOf, checkTenant } from './requests.ts';
import type { Started } from './starts.ts';
import type { Watch } from './watch.ts';

export type RouteDeps = {
  db: Db;
  artifacts: ArtifactStore;
  trust: TrustStore;
  reads: Reads;
  snapshots: Snapshots;
  turns: Turns<BuildInput>;
  cases: Turns<CaseInput>;
  watch: Watch;
  start(ask: { admitted: Awaited<ReturnType<typeof admittedOf>> }): Promise<Started>;
};

async function statusOf({ reads }: RouteDeps, tenant: string, build: string): Promise<BuildStatus> {
  const status = await reads.status(tenant, build);
  if (status === null) throw new Refused('BUILD_NOT_FOUND', 'no such build is visible');
  return status;
}

/** Starts a build under the root span of its trace, which is linked to that of the build it runs again. What asking twice means: see `admitStart`. */
async function start(deps: RouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant = paramOf(request, 'tenant');
  const asked = request.body as StartBuild;
  const original = asked.rerun_of === null ? null : await deps.reads.state(tenant, asked.rerun_of);
  const span = startSpan('orchestrator.build', {
    parent: request.span,
    links: [original?.traceparent],
    attributes: { tenant_id: tenant, pipeline: asked.pipeline },
  });
  try {
    const more = { traceparent: traceparentOf(span), requestKey: requestKeyOf(request) };
    const admitted = await admittedOf(deps, tenant, asked, more);
    span.setAttribute('build_id', admitted.build_id);
    const started = await deps.start({ admitted });
    if (!started.ok) throw new Refused(started.code, started.detail);
    const { status, trace_id } =
      started.build_id === admitted.build_id
        ? freshly(more.traceparent)
        : await statusOf(deps, tenant, started.build_id);
    endSpan(span);
    return { build_id: started.build_id, tenant_id: tenant, status, replayed_from: started.replayed_from, trace_id };
  } catch (error) {
    endSpan(span, error);
    throw error;
  }
}

const freshly = (traceparent: string | null) => ({ status: 'CREATED' as const, trace_id: traceIdOf(traceparent) });

/**
 * Carries a person's act to the build, in the build's own trace, linked to the request. With an idempotency key it is decided once: asking again gives the build as it is where
 * the act was done, and the same refusal where it was not.
 */
async function act(deps: RouteDeps, type: PersonAct['type'], request: HttpRequest): Promise<BuildStatus> {
  const [tenant_id, build_id] = [paramOf(request, 'tenant'), paramOf(request, 'build')];
  const { actor, reason } = request.body as { actor: string; reason: string };
  const before = await deps.reads.state(tenant_id, build_id);
  if (before === null) throw new Refused('BUILD_NOT_FOUND', 'no such build is visible');
  const key = requestKeyOf(request) ?? randomUUID();
  const message_id = `act:${sha256Hex(`${type} ${tenant_id} ${build_id} ${key}`)}`;
  const input: PersonAct = { type, tenant_id, build_id, request: message_id, actor, reason };
  const traced = askedOf(before, traceparentOf(request.span));
  const [result] = await deps.turns.take([{ message_id, input, ...traced }]);
  if (result?.outcome === 'later') throw new Fault(result.code ?? 'STATE_CONFLICT', 'nothing has happened; try again');
  const refusal =
    result?.outcome === 'duplicate' ? await deps.reads.refusalOf(tenant_id, build_id, message_id) : result?.code;
  const after = await statusOf(deps, tenant_id, build_id);
  if (refusal) throw new Refused(refusal, `the build is ${after.status}`);
  return after;
}

async function getArtifact({ artifacts }: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const [tenant, digest] = [paramOf(request, 'tenant'), paramOf(request, 'digest') as `sha256:${string}`];
  const found = await artifacts.stat(tenant, digest);
  if (found === null) throw new Refused('ARTIFACT_NOT_FOUND', 'no such artifact is visible');
  return { bytes: artifacts.stream(tenant, digest), size: found.size, media_type: 'application/octet-stream' };
}

async function putArtifact({ artifacts, trust }: RouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant = paramOf(request, 'tenant');
  await checkTenant(trust, tenant);
  const kind = nameSchema.safeParse(headerOf(request, 'x-artifact-kind'));
  if (!kind.success) throw new Refused('REQUEST_INVALID', 'the header x-artifact-kind names no kind');
  const media_type = (headerOf(request, 'content-type') ?? 'application/octet-stream').slice(0, 127);
  return artifacts.put(tenant, kind.data, media_type, request.stream);
}

/** From which version a watcher goes on: what it saw last, else from the state as it is. */
function lastSeen(request: HttpRequest): number {
  const id = headerOf(request, 'last-event-id') ?? '0';
  if (!/^\d{1,15}$/.test(id)) throw new Refused('REQUEST_INVALID', 'Last-Event-ID is no version of a build');
  return Number(id);
}

async function watchBuild(deps: RouteDeps, request: HttpRequest): Promise<AsyncIterable<ServerEvent>> {
  const key = { tenant_id: paramOf(request, 'tenant'), id: paramOf(request, 'build') };
  const changes = await deps.watch.follow(key, lastSeen(request), request.signal);
  if (changes === null) throw new Refused('BUILD_NOT_FOUND', 'no such build is visible');
  return changes as AsyncIterable<ServerEvent>;
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

/** What a person says of a document that was put aside. With an idempotency key it is said once. */
function mark(letters: DeadLetters, status: LetterMark['status'], request: HttpRequest): Promise<unknown> {
  const { actor, reason } = request.body as { actor: string; reason: string };
  const ref = paramOf(request, 'letter') as Digest;
  return letters.mark({
    tenant_id: paramOf(request, 'tenant'),
    ref,
    status,
    actor,
    reason,
    key: requestKeyOf(request),
    traceparent: traceparentOf(request.span),
  });
}

async function showCase({ reads }: RouteDeps, request: HttpRequest): Promise<unknown> {
  const found = await reads.case(paramOf(request, 'tenant'), paramOf(request, 'case'));
  if (found === null) throw new Refused('CASE_NOT_FOUND', 'no such Case is visible');
  return found;
}

/** The orchestrator's operations. */
export const orchestratorRoutes = (deps: RouteDeps, letters = createDeadLetters(deps)): Handlers => ({
  putArtifact: (request) => putArtifact(deps, request),
  getArtifact: (request) => getArtifact(deps, request),
  startBuild: (request) => start(deps, request),
  listBuilds: (request) => list(deps, request, buildIdSchema, deps.reads.builds),
  getBuild: (request) => statusOf(deps, paramOf(request, 'tenant'), paramOf(request, 'build')),
  watchBuild: (request) => watchBuild(deps, request),
  cancelBuild: (request) => act(deps, 'cancel', request),
  pauseBuild: (request) => act(deps, 'pause', request),
  resumeBuild: (request) => act(deps, 'resume', request),
  listCases: (request) => list(deps, request, caseIdSchema, deps.reads.cases),
  getCase: (request) => showCase(deps, request),
  listDeadLetters: (request) => list(deps, request, caseIdSchema, letters.list),
  requeueDeadLetter: (request) => mark(letters, 'REQUEUED', request),
  dropDeadLetter: (request) => mark(letters, 'DROPPED', request),
});
