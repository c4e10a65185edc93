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

export type RouteDeps = BundleDeps & FsckDeps & LogRouteDeps & { witnesses: Witnesses };

const orRefuse = <T>(result: Result<T>): T => {
  if (!result.ok) throw Refused.from(result);
  return result.value;
};

const recordOf = async (deps: RouteDeps, request: HttpRequest): Promise<SealedRecord> =>
  orRefuse(await sealedRecord(deps, await tenantOf(deps, request), paramOf(request, 'build')));

async function getPublicRecord(deps: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const projected = orRefuse(toPublicBuildRecord((await recordOf(deps, request)).record));
  return { bytes: utf8(canonical(projected)), media_type: 'application/json' };
}

/** Audit's operations. */
export const auditRoutes = (deps: RouteDeps): Handlers => ({
  ...logRoutes(deps),
  fsckLog: async (request) => fsck(deps, await tenantOf(deps, request), request.signal),
  getRecord: async (request) => (await recordOf(deps, request)).record,
  getPublicRecord: (request) => getPublicRecord(deps, request),
  getBundle: async (request) =>
    orRefuse(await bundleOf(deps, await tenantOf(deps, request), paramOf(request, 'build'))),
});
