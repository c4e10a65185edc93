import type { EvidenceBundle, FsckReport } from '@orgo/contracts';
import { canonical, type Result, utf8 } from '@orgo/core';
import { Refused } from '@orgo/runtime/errors';
import type { BytesAnswer, Handlers, HttpRequest } from '@orgo/runtime/http';
import { paramOf } from '@orgo/runtime/http-asked';
import { type BundleDeps, bundleOf } from './bundle.ts';
import { toPublicBuildRecord } from './domain/index.ts';
import { type FsckDeps, fsck } from './fsck.ts';
import { type LogRouteDeps, logRoutes, tenantOf } from './log-routes.ts';
import { type SealedRecord, sealedRecord } from './records.ts';
import type { Witnesses } from './witnesses.ts';

export type RouteDeps = Omit<BundleDeps & FsckDeps, 'db'> & LogRouteDeps & { witnesses: Witnesses };

/** What folds, checks and bundles for a caller sees the rows of one tenant only. */
const readingFor = <D extends RouteDeps>(deps: D, tenant: string) => ({ ...deps, db: deps.reads.of(tenant) });

const orRefuse = <T>(result: Result<T>): T => {
  if (!result.ok) throw Refused.from(result);
  return result.value;
};

async function recordOf(deps: RouteDeps, request: HttpRequest): Promise<SealedRecord> {
  const tenant = await tenantOf(deps, request);
  return orRefuse(await sealedRecord(readingFor(deps, tenant), tenant, paramOf(request, 'build')));
}

async function getBundle(deps: RouteDeps, request: HttpRequest): Promise<EvidenceBundle> {
  const tenant = await tenantOf(deps, request);
  return orRefuse(await bundleOf(readingFor(deps, tenant), tenant, paramOf(request, 'build')));
}

async function fsckLog(deps: RouteDeps, request: HttpRequest): Promise<FsckReport> {
  const tenant = await tenantOf(deps, request);
  return fsck(readingFor(deps, tenant), tenant, request.signal);
}

async function getPublicRecord(deps: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const projected = orRefuse(toPublicBuildRecord((await recordOf(deps, request)).record));
  return { bytes: utf8(canonical(projected)), media_type: 'application/json' };
}

/** Audit's operations. */
export const auditRoutes = (deps: RouteDeps): Handlers => ({
  ...logRoutes(deps),
  fsckLog: (request) => fsckLog(deps, request),
  getRecord: async (request) => (await recordOf(deps, request)).record,
  getPublicRecord: (request) => getPublicRecord(deps, request),
  getBundle: (request) => getBundle(deps, request),
});
