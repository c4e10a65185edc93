import { canonical, toBase64, toHex, utf8 } from '@orgo/core';
import { Refused } from '@orgo/runtime/errors';
import type { BytesAnswer, Handlers, HttpRequest } from '@orgo/runtime/http';
import { type BundleDeps, bundleOf } from './bundle.ts';
import { toPublicBuildRecord } from './domain/index.ts';
import { type FsckDeps, fsck } from './fsck.ts';
import { inclusionPaths } from './proofs.ts';
import { type Reads, type StoredCheckpoint, sealedLeaf } from './reads.ts';
import { type SealedRecord, sealedRecord } from './records.ts';

export type RouteDeps = BundleDeps & FsckDeps;

const paramOf = (request: HttpRequest, name: string): string => request.params[name] ?? '';

/** Whether the tenant exists here. Absent and not visible look the same. @throws Refused TENANT_NOT_FOUND */
async function tenantOf({ trust }: RouteDeps, request: HttpRequest): Promise<string> {
  const tenant = paramOf(request, 'tenant');
  await trust.root(tenant).catch((error) => {
    throw error instanceof Refused ? new Refused('TENANT_NOT_FOUND', 'no such tenant is visible') : error;
  });
  return tenant;
}

async function newestOf(reads: Reads, tenant: string): Promise<StoredCheckpoint> {
  const checkpoint = await reads.newest(tenant);
  if (checkpoint === null) throw new Refused('RECORD_NOT_FOUND', 'nothing was sealed yet');
  return checkpoint;
}

async function getCheckpoint(deps: RouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant_id = await tenantOf(deps, request);
  const [{ size, root, note }, { log }] = [await newestOf(deps.reads, tenant_id), await deps.trust.root(tenant_id)];
  return { tenant_id, origin: log.origin, tree_size: size, root_hash: toBase64(root), checkpoint: note };
}

async function getProof(deps: RouteDeps, request: HttpRequest): Promise<unknown> {
  const tenant = await tenantOf(deps, request);
  const index = Number(paramOf(request, 'index'));
  const checkpoint = await newestOf(deps.reads, tenant);
  const [leaf] = await deps.reads.leavesFrom(tenant, index, 1);
  if (leaf === undefined || leaf.index !== index || index >= checkpoint.size)
    throw new Refused('RECORD_NOT_FOUND', 'no such entry');
  const [path = []] = await inclusionPaths(deps.reads, tenant, [leaf], checkpoint);
  return {
    index,
    size: checkpoint.size,
    leaf: toBase64(leaf.leaf),
    path: path.map(toHex),
    root: toHex(checkpoint.root),
    checkpoint: checkpoint.note,
  };
}

const limitOf = (text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise;
  if (!/^\d{1,15}$/.test(text)) throw new Refused('REQUEST_INVALID', 'from and to are indexes');
  return Number(text);
};

async function exportLog(deps: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const tenant = await tenantOf(deps, request);
  const [from, to] = [limitOf(request.query.from, 0), limitOf(request.query.to, Number.MAX_SAFE_INTEGER)];
  return { bytes: entries(deps.reads, tenant, from, to), media_type: 'application/jsonl' };
}

/** Entries as JSON Lines, read some at a time, so that a long log does not stand in memory. */
async function* entries(reads: Reads, tenant: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let next = from; next < to; ) {
    const batch = await reads.leavesFrom(tenant, next, Math.min(512, to - next));
    if (batch.length === 0) return;
    yield utf8(batch.map(({ index, leaf }) => `${canonical({ index, leaf: toBase64(leaf) })}\n`).join(''));
    next = (batch.at(-1)?.index ?? to) + 1;
  }
}

async function recordOf(deps: RouteDeps, request: HttpRequest): Promise<SealedRecord> {
  const tenant = await tenantOf(deps, request);
  const build = paramOf(request, 'build');
  const leaves = (await deps.reads.leavesOf(tenant, build)).map(sealedLeaf);
  return sealedRecord(deps, tenant, build, leaves);
}

async function getPublicRecord(deps: RouteDeps, request: HttpRequest): Promise<BytesAnswer> {
  const projected = toPublicBuildRecord((await recordOf(deps, request)).record);
  if (!projected.ok) throw Refused.from(projected);
  return { bytes: utf8(canonical(projected.value)), media_type: 'application/json' };
}

/** Audit's operations. */
export const auditRoutes = (deps: RouteDeps): Handlers => ({
  getCheckpoint: (request) => getCheckpoint(deps, request),
  getProof: (request) => getProof(deps, request),
  exportLog: (request) => exportLog(deps, request),
  fsckLog: async (request) => fsck(deps, await tenantOf(deps, request)),
  getRecord: async (request) => (await recordOf(deps, request)).record,
  getPublicRecord: (request) => getPublicRecord(deps, request),
  getBundle: async (request) => bundleOf(deps, await tenantOf(deps, request), paramOf(request, 'build')),
});
